import { Injectable } from '@nestjs/common';
import { LessThan } from 'typeorm';
import { Reader } from '../../database/reader';
import { sqlTime, toDate } from '../../database/sql';
import { UnitOfWork } from '../../database/unit-of-work';
import type { AdjustmentCommand, AdjustmentFilter, ApplyError, RecordedAdjustment } from './adjustment.types';
import { OperatorSwitchAdjustment } from './operator-switch-adjustment.entity';

@Injectable()
export class AdjustmentRepository {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly reader: Reader,
  ) {}

  async insert(adjustment: AdjustmentCommand, at: Date): Promise<number> {
    const { sessionId, messageId, beforeConfig, afterConfig, reason, idempotency } = adjustment;
    const row = await this.unitOfWork.sql.get<{ id: number }>(
      `INSERT INTO operator_switch_adjustment
         (session_id, message_id, before_config, after_config, reason, created_at, idempotency_key, request_hash)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
      [
        sessionId,
        messageId,
        JSON.stringify(beforeConfig),
        JSON.stringify(afterConfig),
        reason,
        sqlTime(at),
        idempotency?.key ?? null,
        idempotency?.requestHash ?? null,
      ],
    );
    return row!.id;
  }

  /** Whether the session has this message, as the transaction sees it. */
  async hasMessage(sessionId: string, messageId: number): Promise<boolean> {
    const row = await this.unitOfWork.sql.get('SELECT 1 FROM operator_message WHERE id = ? AND session_id = ?', [
      messageId,
      sessionId,
    ]);
    return row !== undefined;
  }

  /** What was recorded under a key, as the transaction sees it. */
  async byKey(key: string): Promise<(RecordedAdjustment & { requestHash: string | null }) | null> {
    const row = await this.unitOfWork.sql.get<KeyRow>(
      `SELECT id, session_id, message_id, created_at, request_hash FROM operator_switch_adjustment
       WHERE idempotency_key = ?`,
      [key],
    );
    return row
      ? {
          id: row.id,
          sessionId: row.session_id,
          messageId: row.message_id,
          createdAt: toDate(row.created_at),
          requestHash: row.request_hash,
        }
      : null;
  }

  /** Frees a key whose time is over for another request. */
  async releaseKey(key: string): Promise<void> {
    await this.unitOfWork.sql.run(
      'UPDATE operator_switch_adjustment SET idempotency_key = NULL WHERE idempotency_key = ?',
      [key],
    );
  }

  /** Makes it the caller's to apply, until then. False: it is not there, applied, or somebody else's for now. */
  async claim(id: number, now: Date, until: Date): Promise<boolean> {
    const updated = await this.unitOfWork.sql.run(
      `UPDATE operator_switch_adjustment SET applying_until = ?
       WHERE id = ? AND applied = FALSE AND (applying_until IS NULL OR applying_until <= ?)`,
      [sqlTime(until), id, sqlTime(now)],
    );
    return updated > 0;
  }

  /** False: the claim is no longer the caller's. */
  async markApplied(id: number, claim: Date, at: Date): Promise<boolean> {
    const updated = await this.unitOfWork.sql.run(
      `UPDATE operator_switch_adjustment SET applied = TRUE, applied_at = ?, apply_error = NULL, applying_until = NULL
       WHERE id = ? AND applying_until = ?`,
      [sqlTime(at), id, sqlTime(claim)],
    );
    return updated > 0;
  }

  /** Gives the claim back. Nothing happens if it is no longer the caller's. */
  async markRefused(id: number, claim: Date, error: ApplyError): Promise<void> {
    await this.unitOfWork.sql.run(
      'UPDATE operator_switch_adjustment SET apply_error = ?, applying_until = NULL WHERE id = ? AND applying_until = ?',
      [JSON.stringify(error), id, sqlTime(claim)],
    );
  }

  find(id: number): Promise<OperatorSwitchAdjustment | null> {
    return this.reader.entities((entities) => entities.findOneBy(OperatorSwitchAdjustment, { id }));
  }

  /** The newest first, older than `before`. */
  list(filter: AdjustmentFilter, before: number | null, limit: number): Promise<OperatorSwitchAdjustment[]> {
    const { sessionId, messageId, applied } = filter;
    return this.reader.entities((entities) =>
      entities.find(OperatorSwitchAdjustment, {
        where: {
          ...(sessionId !== undefined && { sessionId }),
          ...(messageId !== undefined && { messageId }),
          ...(applied !== undefined && { applied }),
          ...(before !== null && { id: LessThan(before) }),
        },
        order: { id: 'DESC' },
        take: limit,
      }),
    );
  }
}

interface KeyRow {
  id: number;
  session_id: string;
  message_id: number | null;
  created_at: string | Date;
  request_hash: string | null;
}
