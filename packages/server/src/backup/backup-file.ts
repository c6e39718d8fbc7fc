import { createHash, randomBytes } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { OperatorError } from '../operator-error.ts';
import { syncFolder } from '../sync-folder.ts';
import { tarEnd, tarEntry } from './tar.ts';

/** The last entry: the SHA-256, in hex, of every byte before it. */
export const sealName = 'sha256';

/**
 * A backup that is being written, under another name until it is whole.
 *
 * It has mode 0600, since it holds everything that people wrote, and keys.
 */
export class BackupFile {
  readonly #target: string;
  readonly #draft: string;
  readonly #file: FileHandle;
  readonly #hash = createHash('sha256');
  readonly #seconds = Math.floor(Date.now() / 1000);
  bytes = 0;

  static async create(target: string): Promise<BackupFile> {
    const draft = join(
      dirname(target),
      `.${basename(target)}.${randomBytes(6).toString('hex')}.unfinished`,
    );
    const file = await open(draft, 'wx', 0o600).catch((cause: unknown) => {
      throw cannotWrite(target, cause);
    });
    return new BackupFile(target, draft, file);
  }

  private constructor(target: string, draft: string, file: FileHandle) {
    this.#target = target;
    this.#draft = draft;
    this.#file = file;
  }

  async add(name: string, content: Uint8Array): Promise<void> {
    await this.#write(tarEntry(name, content, this.#seconds));
  }

  /** Seals it and gives it its name: from here on it is there, whole, also after a power cut. */
  async finish(): Promise<void> {
    const seal = this.#hash.copy().digest('hex');
    await this.add(sealName, Buffer.from(`${seal}\n`));
    await this.#write(tarEnd);
    try {
      await this.#file.sync();
      await this.#file.close();
      await rename(this.#draft, this.#target);
      await syncFolder(dirname(this.#target));
    } catch (cause) {
      throw cannotWrite(this.#target, cause);
    }
  }

  async discard(): Promise<void> {
    await this.#file.close().catch(() => {});
    await rm(this.#draft, { force: true });
  }

  async #write(bytes: Buffer): Promise<void> {
    await this.#file.writeFile(bytes).catch((cause: unknown) => {
      throw cannotWrite(this.#target, cause);
    });
    this.#hash.update(bytes);
    this.bytes += bytes.length;
  }
}

function cannotWrite(target: string, cause: unknown): OperatorError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new OperatorError(
    `The backup ${target} cannot be written (${why}). Nothing of it was kept: make room, or choose ` +
      'another folder, and run it again.',
    cause,
  );
}
