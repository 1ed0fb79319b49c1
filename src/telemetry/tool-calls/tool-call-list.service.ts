import { setImmediate } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { journal } from '../../common/logging/journal';
import type { ToolCallFilter, ToolCallPosition, ToolCallRecord } from './tool-call.types';
import { ToolCallListRepository } from './tool-call-list.repository';

const BUDGET_MS = 500;
/** Calls looked at in one statement: on SQLite nobody else is served meanwhile. */
const CALLS_AT_ONCE = 1_000;

/**
 * Lists tool calls. Filters that one index answers cost what they show. Others are looked through for a while: when the
 * budget is spent, the page ends early and its cursor goes on from there.
 */
@Injectable()
export class ToolCallListService {
  constructor(private readonly toolCalls: ToolCallListRepository) {}

  async list(
    filter: ToolCallFilter,
    after: ToolCallPosition | null,
    limit: number,
  ): Promise<{ items: ToolCallRecord[]; next: ToolCallPosition | null }> {
    journal('tool_calls_listed');
    const deadline = performance.now() + BUDGET_MS;
    const found: { call: ToolCallRecord; position: ToolCallPosition }[] = [];
    const page = (next: ToolCallPosition | null) => ({ items: found.slice(0, limit).map(({ call }) => call), next });

    for (let from = after; ;) {
      found.push(...(await this.toolCalls.page(filter, from, limit + 1 - found.length, CALLS_AT_ONCE)));
      if (found.length > limit) return page(found[limit - 1]!.position);
      const end = await this.toolCalls.windowEnd(filter, from, CALLS_AT_ONCE);
      if (!end || performance.now() > deadline) return page(end);
      from = end;
      await setImmediate();
    }
  }
}
