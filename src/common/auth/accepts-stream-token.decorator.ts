import { SetMetadata } from '@nestjs/common';

export const ACCEPTS_STREAM_TOKEN = 'accepts-stream-token';

/** A stream that browsers open: besides the header it takes a single-use `?token=`, bound to its `:session_id`. */
export const AcceptsStreamToken = () => SetMetadata(ACCEPTS_STREAM_TOKEN, true);
