/**
 * The service itself with one more route, `GET /operator/constant`, that answers what `FLOOR_BODY` holds: what any answer
 * of this size costs here, behind the same log, headers, guard, pipe and filter.
 */
import { join } from 'node:path';
import { Controller, Get, Header } from '@nestjs/common';

const BUILT = join(__dirname, '../../dist/src');
const BODY = process.env['FLOOR_BODY']!;

@Controller('operator')
class ConstantController {
  @Get('constant')
  @Header('Content-Type', 'application/json; charset=utf-8')
  constant(): string {
    return BODY;
  }
}

async function main(): Promise<void> {
  const { AppModule } = (await import(join(BUILT, 'app.module.js'))) as typeof import('../../src/app.module');
  Reflect.defineMetadata('controllers', [ConstantController], AppModule);
  await import(join(BUILT, 'main.js'));
}

void main();
