import { type TestApp, createTestApp } from '../support/test-app';

describe('/search', () => {
  let operator: TestApp;
  beforeAll(async () => {
    operator = await createTestApp();
    await say('first', 'ann', 'The needle is in the HAY.');
    await say('second', 'ann', 'Nothing to see.');
    await say(
      'third',
      'ann',
      `${'Before it, words. '.repeat(50)}A “Needle”\nof gold.${' And words after it.'.repeat(50)}`,
    );
    await say('other', 'bob', 'A needle of Bob’s, and 100% of it.');
  });
  afterAll(() => operator.close());

  const say = async (session_id: string, user_id: string, message: string) =>
    (await operator.chat({ session_id, user_id, message }).expect(200)).body;
  const search = async (text: string, session_id = 'asks', user_id = 'ann') => {
    const { response, tool_calls } = await say(session_id, user_id, `/search ${text}`);
    return { response: response as string, call: tool_calls[0] };
  };

  it('finds what the same user has said, the newest session first, with the places', async () => {
    const { response, call } = await search(' needle ', 'places');
    expect(call).toMatchObject({ tool_name: 'session_search', status: 'ok', result: { is_complete: true } });
    expect(call.result.sessions.map(({ session_id }: any) => session_id)).toEqual(['third', 'first']);
    const [third, first] = call.result.sessions;
    expect(first.messages).toEqual([
      { message_id: expect.any(Number), role: 'user', excerpt: 'The needle is in the HAY.' },
    ]);
    const { excerpt } = third.messages[0];
    expect(excerpt).toMatch(/^….*words\. A “Needle” of gold\. And words.*…$/);
    expect(excerpt.length).toBeLessThanOrEqual(200);
    expect(response.split('\n')).toEqual([
      'Session third:',
      `  user, message ${third.messages[0].message_id}: ${JSON.stringify(excerpt)}`,
      'Session first:',
      `  user, message ${first.messages[0].message_id}: "The needle is in the HAY."`,
    ]);
  });

  it.each(['nowhere', '%', '_eedle', 'bob’s'])('finds nothing where %j was not said by this user', async (text) => {
    const { response, call } = await search(text, `nothing-${text.length}`);
    expect(response).toBe('Nothing was found.');
    expect(call.result).toEqual({ sessions: [], is_complete: true });
  });

  it('finds what looks like a pattern as it was said', async () => {
    const { call } = await search('100%', 'percent', 'bob');
    expect(call.result.sessions.map(({ session_id }: any) => session_id)).toEqual(['other']);
  });

  it('does not take the question for an answer, but an earlier one', async () => {
    expect((await search('unheard', 'again', 'cyd')).response).toBe('Nothing was found.');
    const { call } = await search('unheard', 'again', 'cyd');
    expect(call.result.sessions[0].messages.map(({ excerpt }: any) => excerpt)).toEqual(['/search unheard']);
  });

  it('shows the newest three places of a session', async () => {
    for (const n of [1, 2, 3, 4]) await say('many', 'dan', `Place number ${n}.`);
    const { call } = await search('place number', 'asks-dan', 'dan');
    const said = call.result.sessions[0].messages.map(({ excerpt }: any) => excerpt);
    expect(said).toEqual(['Place number 4.', 'Place number 3.', 'Place number 2.']);
  });

  it('shows so many sessions, and says that there may be more', async () => {
    for (let n = 0; n < 6; n++) await say(`crowd-${n}`, 'eve', 'One of the crowd.');
    const { response, call } = await search('the crowd', 'asks-eve', 'eve');
    expect(call.result.sessions).toHaveLength(5);
    expect(call.result.is_complete).toBe(false);
    expect(response).toMatch(/\nThere may be more\.$/);
  });

  it.each([
    ['nothing', '', 'query: must not be empty'],
    ['a long text', 'x'.repeat(201), 'query: must have at most 200 characters'],
  ])('says why it does not look for %s', async (_, text, why) => {
    const { response, call } = await search(text);
    expect(response).toBe(`The arguments do not fit. ${why}.`);
    expect(call).toMatchObject({ status: 'error', error: response });
  });

  it('is over in time, however much there is', async () => {
    await say('huge', 'fay', 'A beginning.');
    await operator.rows(
      `INSERT INTO operator_message (session_id, role, content, created_at)
       WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
       SELECT session_id, 'user', 'Words of a long conversation, again and again and again, until nobody listens.', created_at
       FROM n, operator_session WHERE session_id = 'huge'`,
    );
    const startedAt = performance.now();
    const { call } = await search('a beginning', 'asks-fay', 'fay');
    expect(performance.now() - startedAt).toBeLessThan(3_000);
    const { is_complete, sessions } = call.result;
    // The oldest message is looked at last.
    expect(is_complete ? sessions : [{ session_id: 'huge' }]).toMatchObject([{ session_id: 'huge' }]);
  });
});
