import { UnitOfWork } from '../../src/database/unit-of-work';
import { EventLogService } from '../../src/events/event-log.service';
import { SessionService } from '../../src/session/session.service';
import { type TestApp, createTestApp } from '../support/test-app';

describe(EventLogService.name, () => {
  let operator: TestApp;
  beforeAll(async () => {
    operator = await createTestApp();
  });
  afterAll(() => operator.close());

  it('puts the pieces of an answer where they belong, also one that was stored twice', async () => {
    const log = operator.app.get(EventLogService);
    const at = new Date();
    const piece = (offset: number, text: string, attempt = 1) => ({
      type: 'message.delta' as const,
      data: { turn_id: 'turn', attempt, offset, text },
    });
    const pieces = [piece(0, 'One '), piece(0, 'One two '), piece(0, 'Other', 2), piece(8, 'three')];
    await operator.app.get(UnitOfWork).run(async () => {
      await operator.app.get(SessionService).open('pieces', 'local', at);
      await log.append('pieces', pieces, at);
    });
    expect(await log.textOf('pieces', 'turn', 1, 1)).toBe('One two three');
    expect(await log.textOf('pieces', 'turn', 2, 1)).toBe('Other');
  });
});
