import { Injectable } from '@nestjs/common';
import { BrowserEngine, type EngineStatus, type Visit, type VisitReport } from './browser-engine.types';

/** Opens nothing, finds nothing, and says so: for trying out clients where there is no Chromium. */
@Injectable()
export class StubEngine extends BrowserEngine {
  readonly name = 'stub';

  unavailable(): null {
    return null;
  }

  async visit({ steps }: Visit, report: VisitReport): Promise<void> {
    report.steps = steps.map(({ action }) => ({
      action,
      status: 'done',
      startedMs: 0,
      durationMs: 0,
      error: null,
      value: 'The stub did nothing (BROWSER_IMPL=stub).',
    }));
  }

  status(): EngineStatus {
    return { browsers: [], recycled: 0, crashed: 0 };
  }
}
