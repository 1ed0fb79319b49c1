import { label, remark, storable } from './foreign-text';

describe(storable.name, () => {
  it('marks what no database can hold, and keeps the rest', () => {
    expect(storable('a\0b\ud83dc 🙂\n')).toBe('a\uFFFDb\uFFFDc 🙂\n');
  });
});

describe(label.name, () => {
  it.each([
    ['general-7b', 'general-7b'],
    ['  two\r\nlines\t', 'two lines'],
    ['\u001b[31mred\u0007', '[31mred'],
    ['x'.repeat(20), 'x'.repeat(10)],
    ['123456789🙂', '123456789\uFFFD'],
    ['\0', '\uFFFD'],
    ['', ''],
  ])('makes one short line of %j: %j', (text, line) => {
    expect(label(text, 10)).toBe(line);
  });
});

describe(remark.name, () => {
  it.each([
    ['All connection attempts failed', 'All connection attempts failed'],
    ['circuit_open', 'circuit_open'],
    ['ConnectionRefusedError', 'ConnectionRefusedError'],
    ['401 for http://user:pass@madre:8001/health?token=abc', '401 for …'],
    ['no such file: /var/lib/vx11/tokens-7.db', 'no such file: …'],
    ['bad token test-token-0123456789', 'bad token …'],
  ])('passes on %j as %j', (text, line) => {
    expect(remark(text, 120)).toBe(line);
  });

  it('takes no time over a megabyte', () => {
    const startedAt = performance.now();
    expect(remark('x'.repeat(1024 * 1024), 120)).toHaveLength(120);
    expect(performance.now() - startedAt).toBeLessThan(100);
  });
});
