import { toOffer } from '../../src/tools/to-offer';
import { ToolRegistryService } from '../../src/tools/tool-registry.service';
import { type TestApp, createTestApp } from '../support/test-app';

/** Every property of a schema at any depth, by its path. */
function* propertiesOf(schema: any, path = ''): Generator<[string, any]> {
  for (const [name, property] of Object.entries<any>(schema.properties ?? {})) {
    yield [`${path}${name}`, property];
    yield* propertiesOf(property, `${path}${name}.`);
  }
  for (const inner of [schema.items ?? [], schema.oneOf ?? [], schema.anyOf ?? []].flat()) {
    yield* propertiesOf(inner, path);
  }
}

describe.each(['false', 'true'])('The tools, with BROWSER_ALLOW_SCRIPT=%s', (BROWSER_ALLOW_SCRIPT) => {
  let operator: TestApp;
  beforeAll(async () => {
    operator = await createTestApp({ BROWSER_ALLOW_SCRIPT });
  });
  afterAll(() => operator.close());

  const tools = () => operator.app.get(ToolRegistryService).list();
  const offers = () => tools().map(toOffer);

  it('are those that the docs list', () => {
    expect(tools().map(({ name, effects, isOffered, command }) => [name, effects, isOffered, command?.name])).toEqual([
      ['browser_act', 'write', true, undefined],
      ['browser_extract', 'read', true, undefined],
      ['browser_open', 'read', true, '/browse'],
      ['browser_screenshot', 'read', true, undefined],
      ['help', 'read', false, '/help'],
      ['list_resources', 'read', true, '/resources'],
      ['session_history', 'read', false, '/history'],
      ['session_search', 'read', true, '/search'],
      ['system_overview', 'read', true, '/overview'],
    ]);
  });

  it('have names and descriptions that model servers take', () => {
    for (const { name, description } of offers()) {
      expect(name).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
      expect(description).toMatch(/^[A-Z].{10,1020}\.$/s);
    }
  });

  it('have for parameters the schema of an object, in plain JSON Schema', () => {
    for (const { parameters } of offers()) {
      expect(parameters).toMatchObject({ type: 'object', properties: {}, additionalProperties: false });
      expect(Object.keys(parameters)).not.toContain('$schema');
      const text = JSON.stringify(parameters);
      expect(text).not.toMatch(/"(\$ref|\$defs|definitions|if|not|patternProperties)":/);
      expect(JSON.parse(text)).toEqual(parameters);
    }
  });

  it('describe and bound everything that may be given to them', () => {
    for (const { name, parameters } of offers()) {
      for (const [path, property] of propertiesOf(parameters)) {
        const where = `${name} ${path}`;
        expect([where, property.description]).toEqual([where, expect.stringMatching(/^[A-Z].*\.$/)]);
        if (property.type === 'string' && !property.enum && !property.const) {
          expect([where, property.maxLength]).toEqual([where, expect.any(Number)]);
        }
        if (property.type === 'integer') {
          const isBounded = Math.abs(property.minimum) <= 1e6 && Math.abs(property.maximum) <= 1e6;
          expect([where, isBounded]).toEqual([where, true]);
        }
        if (property.type === 'array') expect([where, property.maxItems]).toEqual([where, expect.any(Number)]);
      }
    }
  });

  it('have bounds of their own', () => {
    for (const { deadlineMs, resultBytes } of tools()) {
      expect(deadlineMs).toBeGreaterThan(0);
      expect(deadlineMs).toBeLessThanOrEqual(150_000);
      expect(resultBytes).toBeGreaterThan(0);
      expect(resultBytes).toBeLessThanOrEqual(16_384);
    }
  });
});
