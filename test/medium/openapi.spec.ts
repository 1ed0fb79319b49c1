import { repository } from '../support/repository';

/** The committed document. That it is what the code says is asked by `npm run openapi:check`, on the build. */
const document = repository.json('openapi.json');
/** They say everything in their path. */
const WITHOUT_BODY = [
  'POST /operator/switch/adjustment/{adjustment_id}/apply',
  'POST /operator/browser/task/{task_id}/cancel',
  'POST /operator/turn/{turn_id}/cancel',
];
const OPEN = ['GET /health', 'GET /health/live', 'GET /health/ready'];
/** Errors that any route with a token may answer with. */
const BORDER = ['401', '403', '500', '503'];

const operations = Object.entries<any>(document.paths).flatMap(([path, methods]) =>
  Object.entries<any>(methods).map(([method, operation]) => ({
    name: `${method.toUpperCase()} ${path}`,
    path,
    operation,
    responses: Object.entries<any>(operation.responses),
  })),
);

describe('openapi.json', () => {
  it('is OpenAPI 3.1, with nothing of 3.0 in it', () => {
    expect(document.openapi).toMatch(/^3\.1\./);
    const text = JSON.stringify(document);
    expect(text).not.toContain('"nullable"');
    expect(text).not.toMatch(/"exclusiveM(in|ax)imum":(true|false)/);
  });

  it('gives every operation an id of its own', () => {
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(ids).toEqual([...new Set(ids)]);
    expect(ids.every((id) => /^[a-z][A-Za-z]+$/.test(id))).toBe(true);
  });

  it('describes every field and names every body', () => {
    const empty = Object.entries<any>(document.components.schemas).filter(
      ([, schema]) => schema.type === 'object' && Object.keys(schema.properties ?? {}).length === 0,
    );
    expect(empty.map(([name]) => name)).toEqual([]);
  });
});

describe.each(operations)('$name', ({ name, path, operation, responses }) => {
  it('has a summary, a tag and the parameters of its path', () => {
    expect(operation.summary).toMatch(/^[A-Z].*\.$/s);
    expect(operation.tags).toHaveLength(1);
    const inPath = (operation.parameters ?? []).filter((parameter: any) => parameter.in === 'path');
    expect(inPath.map((parameter: any) => `{${parameter.name}}`)).toEqual(path.match(/\{\w+\}/g) ?? []);
  });

  it('describes every answer and shows an example of every body', () => {
    for (const [status, response] of responses) {
      expect(`${status} ${response.description}`).toMatch(/^\d{3} \S/);
    }
    const bodies = [operation.requestBody, ...responses.map(([, response]) => response)].flatMap((body) =>
      Object.values<any>(body?.content ?? {}),
    );
    const without = bodies.filter(
      ({ example, examples }) => example === undefined && !Object.keys(examples ?? {}).length,
    );
    expect(without).toEqual([]);
    expect(operation.requestBody !== undefined).toBe(/^(POST|PUT|PATCH)/.test(name) && !WITHOUT_BODY.includes(name));
  });

  it('tells every error it may answer with, as errors.md has them', () => {
    const documented = repository.read('docs/errors.md');
    const problems = responses.filter(([status]) => Number(status) >= 400);
    if (OPEN.includes(name)) {
      expect(operation.security).toEqual([]);
      return;
    }
    expect(operation.security ?? document.security).toEqual([{ token: [] }, { bearer: [] }]);
    expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(BORDER));
    if (operation.requestBody)
      expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(['400', '413', '415', '422']));
    if (name.startsWith('POST ')) {
      expect(Object.keys(operation.responses['429'].content['application/problem+json'].examples)).toContain(
        'rate_limited',
      );
      expect(Object.keys(operation.responses['429'].headers)).toEqual(['RateLimit-Policy', 'RateLimit']);
    }
    if (path.includes('{'))
      expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(['400', '404', '422']));
    for (const [status, response] of problems) {
      const { examples } = response.content['application/problem+json'];
      for (const [code, { value }] of Object.entries<any>(examples)) {
        expect(value).toMatchObject({
          error: code,
          status: Number(status),
          status_code: Number(status),
          instance: path,
        });
        expect(documented).toContain(`| \`${code}\` | ${status} |`);
      }
    }
  });
});
