import 'reflect-metadata';
import { DataSource } from 'typeorm';
import { OperatorArtifact } from './src/browser/artifacts/operator-artifact.entity';
import { OperatorBrowserTask } from './src/browser/tasks/operator-browser-task.entity';
import { OperatorTurn } from './src/chat/operator-turn.entity';
import { environment, loadConfig } from './src/config/config';
import { dataSourceOptions } from './src/database/data-source-options';
import { OperatorEvent } from './src/events/operator-event.entity';
import { OperatorStreamToken } from './src/events/operator-stream-token.entity';
import { OperatorMessage } from './src/session/operator-message.entity';
import { OperatorSession } from './src/session/operator-session.entity';
import { OperatorOutbox } from './src/telemetry/feedback/operator-outbox.entity';
import { OperatorSwitchAdjustment } from './src/telemetry/adjustments/operator-switch-adjustment.entity';
import { OperatorToolCall } from './src/telemetry/tool-calls/operator-tool-call.entity';

/** What the TypeORM CLI sees. `test/medium/schema.spec.ts` fails when this list and the modules disagree. */
export default new DataSource({
  ...dataSourceOptions(loadConfig(environment()).database),
  entities: [
    OperatorArtifact,
    OperatorBrowserTask,
    OperatorEvent,
    OperatorMessage,
    OperatorSession,
    OperatorOutbox,
    OperatorStreamToken,
    OperatorSwitchAdjustment,
    OperatorToolCall,
    OperatorTurn,
  ],
});
