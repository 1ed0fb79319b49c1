import { BadRequestException, HttpException, InternalServerErrorException } from '@nestjs/common';
import { MethodNotAllowedError, PayloadTooLargeError, ValidationFailedError } from './http.errors';
import { type ErrorKind, OperatorError } from './operator.error';
import { STATUS, toProblem } from './problem';

const REQUEST = { instance: '/operator/chat', requestId: 'request-1' };

class TestError extends OperatorError {
  readonly code = 'test_failed';
  constructor(readonly kind: ErrorKind) {
    super('It failed.', { cause: new Error('secret: SELECT * FROM /etc/passwd') });
  }
}

describe(toProblem.name, () => {
  it.each(Object.entries(STATUS) as [ErrorKind, number][])('answers an error of kind %s with %i', (kind, status) => {
    expect(toProblem(new TestError(kind), REQUEST)).toEqual({
      type: 'urn:operator:error:test_failed',
      title: 'test failed',
      status,
      detail: 'It failed.',
      instance: '/operator/chat',
      error: 'test_failed',
      status_code: status,
      request_id: 'request-1',
    });
  });

  it('names the fields that were refused', () => {
    const errors = [{ field: 'message', message: 'message must not be empty' }];
    expect(toProblem(new ValidationFailedError(errors), REQUEST)).toMatchObject({ status: 422, errors });
  });

  it('says which records it is about', () => {
    const error = new TestError('unavailable').about({ session_id: 's', turn_id: 't' }).about({ message_id: 7 });
    expect(toProblem(error, REQUEST)).toMatchObject({ session_id: 's', turn_id: 't', message_id: 7 });
  });

  it.each([
    ['an error that nobody raised on purpose', new TypeError('secret of x')],
    ['an error of a driver', Object.assign(new Error('INSERT INTO secret'), { code: 'SQLITE_ERROR', status: 404 })],
    ['an error of the framework', new InternalServerErrorException('secret')],
    ['an error that is none', 'secret'],
    ['nothing', undefined],
    ['null', null],
    ['an object that looks like one of ours', { code: 'secret', kind: 'not-found', message: 'secret' }],
  ])('tells nothing of %s', (_, error) => {
    const problem = toProblem(error, REQUEST);
    expect(problem).toMatchObject({ status: 500, status_code: 500, error: 'internal_error', request_id: 'request-1' });
    expect(JSON.stringify(problem)).not.toMatch(/secret/);
  });

  it.each([
    [new BadRequestException('secret'), 400],
    [new HttpException('secret', 431), 431],
  ])('keeps the status of what the framework refuses, not its words: %s', (error, status) => {
    const problem = toProblem(error, REQUEST);
    expect(problem).toMatchObject({ status, status_code: status, error: 'malformed_request' });
    expect(JSON.stringify(problem)).not.toMatch(/secret/);
  });

  it('repeats no cause, no stack and no header', () => {
    const problem = toProblem(new MethodNotAllowedError(['GET']), REQUEST);
    expect(Object.keys(problem).sort()).toEqual(
      ['type', 'title', 'status', 'detail', 'instance', 'error', 'status_code', 'request_id'].sort(),
    );
    expect(JSON.stringify(toProblem(new TestError('invalid'), REQUEST))).not.toMatch(/secret|cause|stack/);
  });

  it('says how much would have been enough', () => {
    expect(toProblem(new PayloadTooLargeError('message', 32_768), REQUEST)).toMatchObject({
      status: 413,
      detail: 'message may have at most 32768 bytes.',
    });
  });
});
