import { createHash } from 'node:crypto';
import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { journal } from '../../common/logging/journal';
import { CONFIG, type Config } from '../../config/config';
import { UnitOfWork } from '../../database/unit-of-work';
import { SessionService } from '../../session/session.service';
import { ArtifactDamagedError, ArtifactNotFoundError, SnapshotNotFoundError } from '../browser.errors';
import type { Catch } from '../engine/browser-engine.types';
import { ArtifactStore } from './artifact-store';
import { ArtifactRepository, type StoredFile } from './artifact.repository';
import type { ArtifactOwner, ArtifactRecord } from './artifact.types';
import type { OperatorArtifact } from './operator-artifact.entity';

/** Of one artifact. A picture of the largest page that is painted has less. */
const BYTES_MAX = 32 * 1_024 * 1_024;
const LISTED_MAX = 100;
const SWEEP_EVERY_MS = 10 * 60_000;
const SWEPT_AT_ONCE = 500;
/** A file of which no row is known yet may be about to get one. */
const ORPHAN_AFTER_MS = 60_000;

/** Why something was not kept, for the report of the task. */
export class ArtifactNotKeptError extends Error {}

/** Keeps what tasks bring along, for a time and within a room, and hands out no byte that is not as it was kept. */
@Injectable()
export class ArtifactService implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('Artifacts');
  private total = 0;
  private sweeping: Promise<void> | undefined;
  private timer: NodeJS.Timeout;

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly artifacts: ArtifactRepository,
    private readonly store: ArtifactStore,
    private readonly sessions: SessionService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  onModuleInit(): void {
    this.sessions.onErase(async (sessionId) => {
      const files = await this.artifacts.ofSession(sessionId);
      return () => this.forget(files);
    });
  }

  onApplicationBootstrap(): void {
    const sweep = () => (this.sweeping = this.sweep());
    void sweep();
    this.timer = setInterval(sweep, SWEEP_EVERY_MS).unref();
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    await this.sweeping;
  }

  get bytesKept(): number {
    return this.total;
  }

  /** Durable when it resolves. */
  async keep(owner: ArtifactOwner, { kind, contentType, bytes }: Catch): Promise<ArtifactRecord> {
    if (bytes.byteLength > Math.min(BYTES_MAX, this.config.artifacts.quotaBytes)) {
      throw new ArtifactNotKeptError(`A ${kind} of ${bytes.byteLength} bytes is too large to be kept.`);
    }
    await this.makeRoom(bytes.byteLength);
    const fileName = await this.write(kind, bytes);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const artifact = { ...owner, kind, contentType, bytes: bytes.byteLength, sha256, createdAt: new Date() };
    try {
      const id = await this.unitOfWork.run(async () => {
        if (kind === 'snapshot') await this.artifacts.pointTo(owner.taskId, `artifacts/${fileName}`);
        return this.artifacts.insert(artifact, fileName);
      });
      this.total += bytes.byteLength;
      return { ...artifact, id };
    } catch (error) {
      // Its session has been erased meanwhile, or the database is away: then nobody would find it.
      await this.store.remove([fileName]);
      this.logger.warn({ event: 'artifact:not_recorded', err: error });
      throw new ArtifactNotKeptError(`The ${kind} could not be recorded.`);
    }
  }

  listOf(taskId: number): Promise<OperatorArtifact[]> {
    return this.artifacts.listOf(taskId, LISTED_MAX);
  }

  /** By its id, or by its SHA-256 in hex. */
  async read(idOrHash: number | string): Promise<{ artifact: OperatorArtifact; bytes: Buffer }> {
    const artifact = await (typeof idOrHash === 'number'
      ? this.artifacts.find(idOrHash)
      : this.artifacts.findByHash(idOrHash));
    if (!artifact) throw new ArtifactNotFoundError();
    return this.opened(artifact);
  }

  async readSnapshot(taskId: number, status: string): Promise<{ artifact: OperatorArtifact; bytes: Buffer }> {
    const artifact = await this.artifacts.findSnapshot(taskId);
    if (!artifact) throw new SnapshotNotFoundError(status);
    return this.opened(artifact);
  }

  private async opened(artifact: OperatorArtifact): Promise<{ artifact: OperatorArtifact; bytes: Buffer }> {
    const { id, fileName, sha256 } = artifact;
    const bytes = await this.store.read(fileName);
    if (!bytes) throw new ArtifactNotFoundError();
    if (createHash('sha256').update(bytes).digest('hex') !== sha256) throw new ArtifactDamagedError(id);
    journal(`artifact:retrieved:${id}`);
    return { artifact, bytes };
  }

  private async write(kind: string, bytes: Uint8Array): Promise<string> {
    try {
      return await this.store.write(bytes);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      this.logger.error({ event: 'artifact:not_written', err: error });
      const why =
        code === 'ENOSPC' || code === 'EDQUOT' ? 'the disk is full' : `the disk failed (${code ?? 'unknown'})`;
      throw new ArtifactNotKeptError(`The ${kind} could not be kept: ${why}.`);
    }
  }

  private async makeRoom(bytes: number): Promise<void> {
    while (this.total + bytes > this.config.artifacts.quotaBytes) {
      const oldest = await this.artifacts.oldest(SWEPT_AT_ONCE);
      if (oldest.length === 0) return;
      let surplus = this.total + bytes - this.config.artifacts.quotaBytes;
      const going = oldest.filter((file) => surplus > 0 && ((surplus -= file.bytes), true));
      await this.drop(going);
      this.logger.warn({ event: 'artifact:quota_reached', dropped: going.length });
    }
  }

  /** What is too old, and files that nothing knows of: left by a crash, or by a session that another instance erased. */
  private async sweep(): Promise<void> {
    try {
      const { ttlMs } = this.config.artifacts;
      for (;;) {
        const old = await this.artifacts.before(new Date(Date.now() - ttlMs), SWEPT_AT_ONCE);
        if (old.length === 0) break;
        await this.drop(old);
      }
      await this.removeOrphans();
      this.total = await this.artifacts.totalBytes();
    } catch (error) {
      this.logger.warn({ event: 'artifact:sweep_failed', err: error });
    }
  }

  private async removeOrphans(): Promise<void> {
    const names = await this.store.list(new Date(Date.now() - ORPHAN_AFTER_MS));
    for (let from = 0; from < names.length; from += SWEPT_AT_ONCE) {
      const some = names.slice(from, from + SWEPT_AT_ONCE);
      const known = await this.artifacts.known(some);
      await this.store.remove(some.filter((name) => !known.has(name)));
    }
  }

  /** The row first: a row without its file would promise what nobody can give. */
  private async drop(files: StoredFile[]): Promise<void> {
    await this.unitOfWork.run(() => this.artifacts.remove(files.map(({ id }) => id)));
    await this.forget(files);
  }

  private async forget(files: StoredFile[]): Promise<void> {
    await this.store.remove(files.map(({ fileName }) => fileName));
    this.total -= files.reduce((sum, { bytes }) => sum + bytes, 0);
  }
}
