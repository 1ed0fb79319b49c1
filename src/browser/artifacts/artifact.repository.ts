import { Injectable } from '@nestjs/common';
import { Reader } from '../../database/reader';
import { sqlTime } from '../../database/sql';
import { UnitOfWork } from '../../database/unit-of-work';
import type { ArtifactRecord } from './artifact.types';
import { OperatorArtifact } from './operator-artifact.entity';

export interface StoredFile {
  id: number;
  fileName: string;
  bytes: number;
}

const FILE = 'id, file_name AS "fileName", bytes';
/** `?, ?, ?` for a list. */
const places = (values: readonly unknown[]): string => values.map(() => '?').join(', ');

@Injectable()
export class ArtifactRepository {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly reader: Reader,
  ) {}

  async insert(artifact: Omit<ArtifactRecord, 'id'>, fileName: string): Promise<number> {
    const { taskId, attempt, step, kind, contentType, bytes, sha256, createdAt } = artifact;
    const row = await this.unitOfWork.sql.get<{ id: number }>(
      `INSERT INTO operator_artifact (task_id, attempt, step, kind, content_type, bytes, sha256, file_name, created_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
      [taskId, attempt, step, kind, contentType, bytes, sha256, fileName, sqlTime(createdAt)],
    );
    return row!.id;
  }

  /** Says on its task's row that there is a picture, or that there is none any more. */
  async pointTo(taskId: number, path: string | null): Promise<void> {
    await this.unitOfWork.sql.run('UPDATE operator_browser_task SET snapshot_path = ? WHERE id = ?', [path, taskId]);
  }

  find(id: number): Promise<OperatorArtifact | null> {
    return this.reader.entities((entities) => entities.findOneBy(OperatorArtifact, { id }));
  }

  /** The newest with these bytes. */
  findByHash(sha256: string): Promise<OperatorArtifact | null> {
    return this.reader.entities((entities) =>
      entities.findOne(OperatorArtifact, { where: { sha256 }, order: { id: 'DESC' } }),
    );
  }

  /** The picture of a task's last attempt that has one. */
  findSnapshot(taskId: number): Promise<OperatorArtifact | null> {
    return this.reader.entities((entities) =>
      entities.findOne(OperatorArtifact, { where: { taskId, kind: 'snapshot' }, order: { id: 'DESC' } }),
    );
  }

  listOf(taskId: number, limit: number): Promise<OperatorArtifact[]> {
    return this.reader.entities((entities) =>
      entities.find(OperatorArtifact, { where: { taskId }, order: { id: 'ASC' }, take: limit }),
    );
  }

  async totalBytes(): Promise<number> {
    const row = await this.reader.sql((sql) =>
      sql.get<{ total: number | string | null }>('SELECT SUM(bytes) AS total FROM operator_artifact'),
    );
    return Number(row!.total ?? 0);
  }

  oldest(limit: number): Promise<StoredFile[]> {
    return this.reader.sql((sql) => sql.all(`SELECT ${FILE} FROM operator_artifact ORDER BY id LIMIT ?`, [limit]));
  }

  before(moment: Date, limit: number): Promise<StoredFile[]> {
    return this.reader.sql((sql) =>
      sql.all(`SELECT ${FILE} FROM operator_artifact WHERE created_at < ? ORDER BY id LIMIT ?`, [
        sqlTime(moment),
        limit,
      ]),
    );
  }

  /** What a session's tasks have kept, as the transaction sees it. */
  ofSession(sessionId: string): Promise<StoredFile[]> {
    return this.unitOfWork.sql.all(
      `SELECT ${FILE} FROM operator_artifact
       WHERE task_id IN (SELECT id FROM operator_browser_task WHERE session_id = ?)`,
      [sessionId],
    );
  }

  async remove(ids: readonly number[]): Promise<void> {
    await this.unitOfWork.sql.run(
      `UPDATE operator_browser_task SET snapshot_path = NULL WHERE id IN
         (SELECT task_id FROM operator_artifact WHERE kind = 'snapshot' AND id IN (${places(ids)}))`,
      ids,
    );
    await this.unitOfWork.sql.run(`DELETE FROM operator_artifact WHERE id IN (${places(ids)})`, ids);
  }

  /** Of these file names, those that a row knows. */
  async known(fileNames: readonly string[]): Promise<Set<string>> {
    if (fileNames.length === 0) return new Set();
    const rows = await this.reader.sql((sql) =>
      sql.all<{ name: string }>(
        `SELECT file_name AS name FROM operator_artifact WHERE file_name IN (${places(fileNames)})`,
        fileNames,
      ),
    );
    return new Set(rows.map(({ name }) => name));
  }
}
