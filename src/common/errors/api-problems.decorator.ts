import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { ProblemDto } from './problem.dto';

/** Codes of the border, which every guarded route may answer with. */
const BORDER = {
  401: ['auth_required'],
  403: ['forbidden'],
  500: ['internal_error'],
  503: ['database_busy', 'database_unavailable'],
};

/** Documents the errors of a guarded route: its own `codes`, by status, beside those that every one has. */
export function ApiProblems(codes: Record<number, string[]> = {}) {
  const all = new Map<number, string[]>();
  for (const table of [BORDER, codes]) {
    for (const [status, names] of Object.entries(table)) {
      all.set(Number(status), [...(all.get(Number(status)) ?? []), ...names]);
    }
  }
  return applyDecorators(
    ApiExtraModels(ProblemDto),
    ...[...all].sort(([a], [b]) => a - b).map(([status, names]) => ApiProblem(status, names)),
  );
}

function ApiProblem(status: number, codes: string[]): MethodDecorator {
  return ApiResponse({ status, ...problemResponse(status, codes) }) as MethodDecorator;
}

/** What an operation answers with these codes, as OpenAPI has it. */
export const problemResponse = (status: number, codes: string[]) => ({
  description: codes.map((code) => `\`${code}\``).join(', '),
  content: {
    'application/problem+json': {
      schema: { $ref: getSchemaPath(ProblemDto) },
      examples: Object.fromEntries(codes.map((code) => [code, { value: example(code, status) }])),
    },
  },
});

const example = (code: string, status: number): ProblemDto => ({
  type: `urn:operator:error:${code}`,
  title: code.replaceAll('_', ' '),
  status,
  detail: 'What went wrong this time, for a person.',
  instance: '/operator/…',
  error: code,
  status_code: status,
  request_id: '0b6a1f4e-9c1c-4a57-9a53-0a6f5d1f6b1e',
  ...(code === 'validation_failed' && { errors: [{ field: 'session_id', message: 'session_id must be a text' }] }),
});
