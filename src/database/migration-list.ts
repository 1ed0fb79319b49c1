import { CreateOperatorTables1764000000000 } from './migrations/1764000000000-CreateOperatorTables';

/** Every migration, oldest first. */
export const migrations = [CreateOperatorTables1764000000000];
