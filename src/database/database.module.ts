import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { CONFIG, type Config } from '../config/config';
import { dataSourceOptions, readOnlyOptions, sqliteFile } from './data-source-options';
import { DatabaseObserver } from './database-observer';
import { PostgresReads, PostgresUnitOfWork } from './postgres-unit-of-work';
import { Reader } from './reader';
import { SchemaState } from './schema-state';
import { SqliteSql, sqliteConnection } from './sqlite';
import { SqliteLock, SqliteLockModule } from './sqlite-lock';
import { SqliteUnitOfWork } from './sqlite-unit-of-work';
import { UnitOfWork } from './unit-of-work';

const READING = Symbol('READING');

@Global()
@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      imports: [SqliteLockModule],
      inject: [CONFIG, SqliteLock],
      useFactory: ({ database }: Config) => ({
        ...dataSourceOptions(database),
        autoLoadEntities: true,
        // A PostgreSQL that starts beside us may need a moment.
        retryAttempts: sqliteFile(database.url) ? 0 : 10,
        retryDelay: 1_000,
      }),
    }),
  ],
  providers: [
    DatabaseObserver,
    SchemaState,
    {
      provide: READING,
      inject: [DataSource],
      useFactory: (writing: DataSource) =>
        writing.options.type === 'postgres'
          ? writing
          : new DataSource(
              readOnlyOptions(
                writing.options,
                writing.entityMetadatas.map(({ target }) => target),
              ),
            ).initialize(),
    },
    {
      provide: Reader,
      inject: [READING, UnitOfWork, DatabaseObserver],
      useFactory: (reading: DataSource, unitOfWork: UnitOfWork, observer: DatabaseObserver) =>
        new Reader(
          reading,
          reading.options.type === 'postgres' ? new PostgresReads(reading) : new SqliteSql(sqliteConnection(reading)),
          unitOfWork,
          observer,
        ),
    },
    {
      provide: UnitOfWork,
      inject: [DataSource, CONFIG, DatabaseObserver],
      useFactory: (writing: DataSource, { database }: Config, observer: DatabaseObserver) =>
        writing.options.type === 'postgres'
          ? new PostgresUnitOfWork(writing, observer)
          : new SqliteUnitOfWork(writing, database, observer),
    },
  ],
  exports: [Reader, SchemaState, UnitOfWork],
})
export class DatabaseModule implements OnApplicationShutdown {
  constructor(
    private readonly writing: DataSource,
    @Inject(READING) private readonly reading: DataSource,
  ) {}

  /** Nest closes the writing connection itself. */
  async onApplicationShutdown(): Promise<void> {
    if (this.reading !== this.writing) await this.reading.destroy();
  }
}
