import { SetMetadata } from '@nestjs/common';

export const IS_PUBLIC = Symbol('IS_PUBLIC');

/** Opens a route to everybody. Each use is a security decision, listed in `test/e2e/auth.e2e-spec.ts`. */
export const Public = () => SetMetadata(IS_PUBLIC, true);
