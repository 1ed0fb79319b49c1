import { Logger } from '@nestjs/common';
import { PostgresClient } from './postgres-client';

describe(PostgresClient.name, () => {
  beforeAll(() => Logger.overrideLogger(false));

  it('survives the loss of its connection when nobody else listens', () => {
    expect(() => new PostgresClient().emit('error', new Error('terminating connection'))).not.toThrow();
  });
});
