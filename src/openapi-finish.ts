import { STATUS_CODES } from 'node:http';
import type { OpenAPIObject } from '@nestjs/swagger';
import { problemResponse } from './common/errors/api-problems.decorator';

type Schema = Exclude<NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>[string], { $ref: string }>;
type AnySchema = Schema | { $ref: string };
type Schemas = Record<string, AnySchema>;

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

/** Fields that hold fractions. All other numbers of this API are whole, which TypeScript's `number` does not tell. */
const FRACTIONS = new Set(['artifacts_mb', 'cpu_percent', 'error_rate', 'memory_mb', 'priority', 'size_mb']);

/**
 * Adds what the compiler plugin cannot know: which numbers are whole, that `unknown` is any JSON, a description of
 * plain successes, what the rate limit adds to every POST, and an example of every body, put together from those of
 * its fields.
 */
export function finish(document: OpenAPIObject): OpenAPIObject {
  const schemas = document.components?.schemas ?? {};
  for (const schema of Object.values(schemas)) correct('', schema, true);

  for (const [path, operations] of Object.entries(document.paths)) {
    if (operations.post) addRateLimit(operations.post.responses);
    for (const operation of METHODS.map((method) => operations[method]).filter((operation) => !!operation)) {
      for (const parameter of operation.parameters ?? []) {
        if ('schema' in parameter && parameter.schema) correct(parameter.name, parameter.schema);
      }
      if (operation.requestBody && 'content' in operation.requestBody) {
        addExamples(operation.requestBody.content, path, schemas);
      }
      for (const [status, response] of Object.entries(operation.responses)) {
        if (!response || '$ref' in response) continue;
        response.description ||= STATUS_CODES[status] ?? status;
        addExamples(response.content ?? {}, path, schemas);
      }
    }
  }
  return document;
}

function correct(name: string, schema: AnySchema, isNamed = false): void {
  if ('$ref' in schema) return;
  const isPlainObject = !schema.properties && schema.additionalProperties === undefined;
  if (schema.type === 'object' && isPlainObject && !isNamed) delete schema.type;
  if (!FRACTIONS.has(name)) {
    const whole = (type: string) => (type === 'number' ? 'integer' : type);
    if (typeof schema.type === 'string') schema.type = whole(schema.type);
    else if (schema.type) schema.type = schema.type.map(whole);
  }
  for (const [property, inner] of Object.entries(schema.properties ?? {})) correct(property, inner);
  if (schema.items) correct(name, schema.items);
}

type Responses = NonNullable<OpenAPIObject['paths'][string]['post']>['responses'];

const RATE_LIMIT_HEADERS = {
  'RateLimit-Policy': {
    description: 'How many POST requests a token may make, `q`, in how many seconds, `w`.',
    schema: { type: 'string' },
    example: '"default";q=30000;w=60',
  },
  RateLimit: {
    description: 'How many are left, `r`, and in how many seconds there are more, `t`.',
    schema: { type: 'string' },
    example: '"default";r=29999;t=42',
  },
};

function addRateLimit(responses: Responses): void {
  const given = responses['429'];
  const codes = given && 'content' in given ? Object.keys(given.content!['application/problem+json']!.examples!) : [];
  responses['429'] = problemResponse(429, [...codes, 'rate_limited']);
  for (const [status, response] of Object.entries(responses)) {
    const isLimited = status.startsWith('2') || status === '429';
    if (isLimited && response && !('$ref' in response))
      response.headers = { ...response.headers, ...RATE_LIMIT_HEADERS };
  }
}

type Content = Record<string, { schema?: AnySchema; example?: unknown; examples?: Record<string, unknown> }>;

function addExamples(content: Content, path: string, schemas: Schemas): void {
  for (const media of Object.values(content)) {
    // Those of problems are alike for every route, but for the path.
    for (const example of Object.values(media.examples ?? {})) {
      const { value } = example as { value?: { instance?: string } };
      if (value?.instance) value.instance = path;
    }
    if (media.examples === undefined && media.schema) media.example ??= exampleOf(media.schema, schemas);
  }
}

/** A value that fits the schema; undefined where a field without an example leaves it open. */
function exampleOf(given: AnySchema, schemas: Schemas): unknown {
  const schema = resolve(given, schemas);
  if (schema.example !== undefined) return schema.example;
  if (schema.default !== undefined) return schema.default;
  if (schema.type?.includes('null') || schema.anyOf?.some((one) => 'type' in one && one.type === 'null')) return null;
  if (schema.type === 'boolean') return true;
  // A field of another schema that has a comment of its own.
  if (schema.allOf?.length === 1) return exampleOf(schema.allOf[0]!, schemas);
  if (schema.type === 'array') return schema.items ? [exampleOf(schema.items, schemas)] : [];
  if (schema.type !== 'object') return undefined;
  const fields = Object.entries(schema.properties ?? {}).map(([name, inner]) => [name, exampleOf(inner, schemas)]);
  return Object.fromEntries(fields.filter(([, value]) => value !== undefined));
}

function resolve(schema: AnySchema, schemas: Schemas): Schema {
  if (!('$ref' in schema)) return schema;
  return resolve(schemas[schema.$ref.split('/').at(-1)!]!, schemas);
}
