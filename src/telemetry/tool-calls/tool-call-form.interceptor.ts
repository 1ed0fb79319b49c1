import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { Request } from 'express';
import { toolCallForm } from './tool-call-form';

/** Lets a report in the original's form pass for one as JSON, before it is validated. */
@Injectable()
export class ToolCallForm implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler) {
    const request = context.switchToHttp().getRequest<Request>();
    request.body = toolCallForm(request.query, request.body);
    return next.handle();
  }
}
