import { ModulesContainer } from '@nestjs/core';
import { type TestApp, createTestApp } from '../support/test-app';

/** Nest gives every module its own copy of these. */
const PER_MODULE = ['ModuleRef', 'ApplicationConfig'];

describe('Modules', () => {
  let operator: TestApp;

  beforeAll(async () => {
    operator = await createTestApp();
  });
  afterAll(() => operator.close());

  it('provide every class exactly once, so nobody holds a second copy of a service', () => {
    const owners: Record<string, string[]> = {};
    for (const module of operator.app.get(ModulesContainer).values()) {
      for (const { token, metatype } of module.providers.values()) {
        if (typeof token !== 'function' || token !== metatype || token === module.metatype) continue;
        (owners[token.name] ??= []).push(module.name);
      }
    }
    const shared = Object.entries(owners).filter(([name, by]) => by.length > 1 && !PER_MODULE.includes(name));
    expect(Object.fromEntries(shared)).toEqual({});
    expect(Object.keys(owners)).toEqual(expect.arrayContaining(['ChatService', 'SessionService']));
  });
});
