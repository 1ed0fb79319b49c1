import { CreateOperatorTables1764000000000 } from './migrations/1764000000000-CreateOperatorTables';
import { AddOutbox1764100000000 } from './migrations/1764100000000-AddOutbox';
import { ExtendToolCalls1764200000000 } from './migrations/1764200000000-ExtendToolCalls';
import { LinkEvidence1764300000000 } from './migrations/1764300000000-LinkEvidence';
import { RunBrowserTasks1764400000000 } from './migrations/1764400000000-RunBrowserTasks';
import { StreamTurns1764500000000 } from './migrations/1764500000000-StreamTurns';

/** Every migration, oldest first. */
export const migrations = [
  CreateOperatorTables1764000000000,
  AddOutbox1764100000000,
  ExtendToolCalls1764200000000,
  LinkEvidence1764300000000,
  RunBrowserTasks1764400000000,
  StreamTurns1764500000000,
];
