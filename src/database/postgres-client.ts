import { Logger } from '@nestjs/common';
import { Client, type ClientConfig } from 'pg';

const logger = new Logger('PostgreSQL');

/**
 * A connection that may be lost at any moment. Pool and ORM each listen for that while it is in their hands, but there
 * are moments between, and an error that nobody listens for would end the process. Queries on it fail all the same.
 */
export class PostgresClient extends Client {
  constructor(config?: ClientConfig) {
    super(config);
    this.on('error', ({ message }) => logger.warn({ event: 'database:connection_lost', reason: message }));
  }
}
