import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiHeader, ApiOkResponse, getSchemaPath } from '@nestjs/swagger';
import { EVENT_DTOS } from './dto/event.dto';

/** An operation that answers with server-sent events, each a JSON object of one of the documented shapes. */
export const ApiEventStream = (description = 'Server-sent events, until either side ends the stream.') =>
  applyDecorators(
    ApiExtraModels(...EVENT_DTOS),
    ApiHeader({
      name: 'Last-Event-ID',
      required: false,
      description: 'The `id` of the last event that the client has got; goes before `after`.',
      schema: { type: 'string', maxLength: 31 },
    }),
    ApiOkResponse({ description, content: { 'text/event-stream': eventStream() } }),
  );

/** Of the data of each server-sent event: a stream as a whole is no JSON. */
export const eventStream = () => ({
  schema: { oneOf: EVENT_DTOS.map((dto) => ({ $ref: getSchemaPath(dto) })) },
  example: {
    type: 'turn.started',
    session_id: 'support-4711',
    seq: 3,
    timestamp: '2026-11-23T09:30:00.000Z',
    data: { turn_id: '6f9b3a4e-6a55-4b9f-9a0e-0a4f0a3b8f5d', attempt: 1 },
  },
});
