import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';

/** Whether the database has the schema that this code was written for. */
@Injectable()
export class SchemaState {
  private wasCurrent = false;

  constructor(private readonly dataSource: DataSource) {}

  /** Throws when the database does not answer. Once true it stays true: nobody takes migrations back under us. */
  async isCurrent(): Promise<boolean> {
    this.wasCurrent ||= !(await this.dataSource.showMigrations());
    return this.wasCurrent;
  }
}
