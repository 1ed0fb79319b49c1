import type { Catch } from '../engine/browser-engine.types';

export type ArtifactKind = Catch['kind'];

/** What an artifact is, without its bytes. */
export interface ArtifactRecord {
  id: number;
  taskId: number;
  attempt: number;
  step: number | null;
  kind: ArtifactKind;
  contentType: string;
  bytes: number;
  sha256: string;
  createdAt: Date;
}

/** The attempt that keeps something. */
export interface ArtifactOwner {
  taskId: number;
  attempt: number;
  step: number | null;
}
