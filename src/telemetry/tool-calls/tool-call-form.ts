type Query = Record<string, unknown>;

/**
 * A report in either form as one object. The original took the scalars as query parameters and the body, whole, for
 * the result: a request with a `message_id` in its query is read like that, and its body is not looked into. Any other
 * is a report as JSON, and its query is not.
 */
export function toolCallForm(query: Query, body: unknown): unknown {
  if (query['message_id'] === undefined) return body;
  const { message_id, duration_ms, call_id, tool_name, status, error } = query;
  return {
    message_id: asNumber(message_id),
    duration_ms: asNumber(duration_ms),
    call_id,
    tool_name,
    status,
    error,
    result: body,
  };
}

/** Whether the body of a request is the result of a tool call and nothing besides: it need not be an object then. */
export const isBareResult = ({ path, query }: { path: string; query: Query }): boolean =>
  /^\/operator\/tool\/call\/?$/i.test(path) && query['message_id'] !== undefined;

/** What is no whole number stays as it is, for validation to refuse. */
const asNumber = (value: unknown): unknown =>
  typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
