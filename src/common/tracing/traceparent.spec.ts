import { parseTraceparent, traceHeaders } from './traceparent';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

describe(parseTraceparent, () => {
  it('reads whose trace it is', () => {
    expect(parseTraceparent(`00-${TRACE}-${SPAN}-01`)).toEqual({
      traceId: TRACE,
      spanId: SPAN,
      traceFlags: 1,
      isRemote: true,
    });
  });

  it.each([
    ['that nobody samples', `00-${TRACE}-${SPAN}-00`, 0],
    ['with flags of later days', `00-${TRACE}-${SPAN}-ff`, 1],
    ['of a later version, which says more', `01-${TRACE}-${SPAN}-01-more`, 1],
    ['between spaces', ` 00-${TRACE}-${SPAN}-01 `, 1],
  ])('understands one %s', (_, header, traceFlags) => {
    expect(parseTraceparent(header)).toMatchObject({ traceId: TRACE, spanId: SPAN, traceFlags });
  });

  it.each([
    undefined,
    '',
    'nonsense',
    `ff-${TRACE}-${SPAN}-01`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01-more`,
    `00-${TRACE}-${SPAN}`,
    `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`,
  ])('takes no notice of %p', (header) => {
    expect(parseTraceparent(header)).toBeNull();
  });

  it('keeps a vendor’s state, unless it is too long', () => {
    const header = `00-${TRACE}-${SPAN}-01`;
    expect(parseTraceparent(header, 'vendor=a,other=b')?.traceState?.serialize()).toBe('vendor=a,other=b');
    expect(parseTraceparent(header, `vendor=${'a'.repeat(512)}`)?.traceState).toBeUndefined();
  });
});

describe(traceHeaders, () => {
  it.each([
    [`00-${TRACE}-${SPAN}-01`, undefined],
    [`00-${TRACE}-${SPAN}-00`, undefined],
    [`00-${TRACE}-${SPAN}-01`, 'vendor=a'],
  ])('writes what has been read: %s %s', (traceparent, tracestate) => {
    const headers = traceHeaders(parseTraceparent(traceparent, tracestate)!);
    expect(headers).toEqual({ traceparent, ...(tracestate && { tracestate }) });
  });
});
