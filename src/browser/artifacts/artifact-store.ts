import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../../config/config';

/** Files of random names in one folder: what they are stands in the database. */
@Injectable()
export class ArtifactStore {
  private readonly folder: string;

  constructor(@Inject(CONFIG) { artifacts }: Config) {
    this.folder = artifacts.dir;
  }

  /** On disk when it resolves. Nothing is left when it rejects. */
  async write(bytes: Uint8Array): Promise<string> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const name = randomUUID();
    const file = await open(join(this.folder, name), 'wx', 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } catch (error) {
      await this.remove([name]);
      throw error;
    } finally {
      await file.close();
    }
    return name;
  }

  /** Null when there is no such file. */
  async read(name: string): Promise<Buffer | null> {
    try {
      return await readFile(join(this.folder, name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }

  async remove(names: readonly string[]): Promise<void> {
    await Promise.all(names.map((name) => rm(join(this.folder, name), { force: true })));
  }

  /** Files that were there before. */
  async list(before: Date): Promise<string[]> {
    const names = await readdir(this.folder).catch(() => []);
    const old = await Promise.all(
      names.map(async (name) => {
        const found = await stat(join(this.folder, name)).catch(() => null);
        return found !== null && found.mtime < before;
      }),
    );
    return names.filter((_, index) => old[index]);
  }
}
