import { execFile, spawnSync } from 'node:child_process';
import { closeSync, openSync, rmdirSync, truncateSync, writeSync } from 'node:fs';
import { chmod, mkdtemp, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const steps = [1024 * 1024, 65_536, 4096];
const refillMs = 100;

/** A disk of its own that can be full: a tmpfs of a size, gone at the end. Only root may mount. */
export class FullDisk implements AsyncDisposable {
  /** Where it is mounted; everybody may enter it. */
  readonly folder: string;
  readonly #ballast: string;
  #refilling: NodeJS.Timeout | undefined;
  /** A gate that had enough ends without ending its scopes. */
  readonly #leave = () => {
    spawnSync('umount', ['-l', this.folder]);
    rmdirSync(this.folder);
  };

  static async mount(megabytes: number): Promise<FullDisk> {
    if (process.getuid?.() !== 0)
      throw new Error('A full disk is mounted, which only root may do.');
    const folder = await mkdtemp(join(tmpdir(), 'parley-disk-'));
    try {
      const options = `size=${megabytes}m,mode=0711`;
      await run('mount', ['-t', 'tmpfs', '-o', options, 'parley-gate', folder]);
    } catch (cause) {
      await rmdir(folder);
      throw new Error('Mounting a tmpfs failed; a container needs CAP_SYS_ADMIN for it.', {
        cause,
      });
    }
    await chmod(folder, 0o711);
    return new FullDisk(folder);
  }

  private constructor(folder: string) {
    this.folder = folder;
    this.#ballast = join(folder, 'ballast');
    process.once('exit', this.#leave);
  }

  /** Takes all that is left, and what becomes free, until `free`. */
  fill(): void {
    this.#takeRest();
    this.#refilling ??= setInterval(() => this.#takeRest(), refillMs);
  }

  /** Gives everything back that `fill` took. */
  free(): void {
    clearInterval(this.#refilling);
    this.#refilling = undefined;
    truncateSync(this.#ballast);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#refilling);
    process.removeListener('exit', this.#leave);
    // Whoever has still something open there keeps nobody else from going on.
    await run('umount', [this.folder]).catch(() => run('umount', ['-l', this.folder]));
    await rmdir(this.folder);
  }

  #takeRest(): void {
    const file = openSync(this.#ballast, 'a');
    try {
      for (const step of steps) {
        const zeros = Buffer.alloc(step);
        while (takes(file, zeros));
      }
    } finally {
      closeSync(file);
    }
  }
}

function takes(file: number, bytes: Buffer): boolean {
  try {
    return writeSync(file, bytes) === bytes.length;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') return false;
    throw error;
  }
}
