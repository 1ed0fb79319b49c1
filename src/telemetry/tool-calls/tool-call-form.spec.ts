import { isBareResult, toolCallForm } from './tool-call-form';

describe('A report of a tool call', () => {
  it('is the body, unless the query names a message', () => {
    const body = { message_id: 7, tool_name: 'shell', status: 'ok' };
    expect(toolCallForm({}, body)).toBe(body);
    expect(toolCallForm({ tool_name: 'browser', status: 'error' }, body)).toBe(body);
    expect(toolCallForm({}, undefined)).toBeUndefined();
  });

  it('is the query when it names a message, and then the body is the result, whole', () => {
    const query = { message_id: '7', tool_name: 'shell', status: 'ok', duration_ms: '12', error: 'none', call_id: 'c' };
    const body = { message_id: 8, result: 1 };
    expect(toolCallForm(query, body)).toEqual({
      message_id: 7,
      tool_name: 'shell',
      status: 'ok',
      duration_ms: 12,
      error: 'none',
      call_id: 'c',
      result: { message_id: 8, result: 1 },
    });
  });

  it.each(['', 'seven', '7.5', '1e3', '0x7', ' 7', ['7', '8'], '9'.repeat(16)])(
    'leaves %j in the place of a number to validation',
    (value) => {
      expect(toolCallForm({ message_id: value, duration_ms: value }, undefined)).toMatchObject({
        message_id: value,
        duration_ms: value,
      });
    },
  );

  it.each([
    ['/operator/tool/call', { message_id: '7' }, true],
    ['/Operator/tool/call/', { message_id: '7' }, true],
    ['/operator/tool/call', { tool_name: 'shell' }, false],
    ['/operator/tool/calls', { message_id: '7' }, false],
    ['/operator/chat', { message_id: '7' }, false],
  ])('at %s with %j may have any body: %p', (path, query, expected) => {
    expect(isBareResult({ path, query })).toBe(expected);
  });

  it('takes nothing else from the query', () => {
    expect(Object.keys(toolCallForm({ message_id: '7', result: '1', id: '3' }, undefined) as object)).not.toContain(
      'id',
    );
    expect(toolCallForm({ message_id: '7', result: '1' }, undefined)).toMatchObject({ result: undefined });
  });
});
