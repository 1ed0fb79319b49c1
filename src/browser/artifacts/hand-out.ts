import { StreamableFile } from '@nestjs/common';
import type { Response } from 'express';
import type { OperatorArtifact } from './operator-artifact.entity';

const ENDINGS: Record<string, string> = {
  'image/png': 'png',
  'application/pdf': 'pdf',
  'application/json': 'json',
  'text/plain; charset=utf-8': 'txt',
  'text/markdown; charset=utf-8': 'md',
};

/** Bytes that a page had its hand in, so that no browser takes them for anything of ours. */
export function handOut(
  { artifact, bytes }: { artifact: OperatorArtifact; bytes: Buffer },
  response: Response,
  as: 'attachment' | 'inline',
): StreamableFile {
  response.set({
    'Content-Security-Policy': "default-src 'none'; sandbox",
    'Cache-Control': 'private, max-age=3600, immutable',
    ETag: `"${artifact.sha256}"`,
  });
  return new StreamableFile(bytes, {
    type: artifact.contentType,
    length: bytes.length,
    disposition: `${as}; filename="${artifact.kind}-${artifact.id}.${ENDINGS[artifact.contentType] ?? 'bin'}"`,
  });
}
