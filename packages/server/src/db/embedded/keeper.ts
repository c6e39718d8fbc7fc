import { OperatorError } from '../../operator-error.ts';
import { type DatabaseAddress, inDatabase } from '../address.ts';
import { failureKind } from '../failure.ts';
import { connectWhenUp, type FolderLock, lockFolder } from './folder-lock.ts';
import {
  findPostmaster,
  type Launch,
  startPostmaster,
  stopPostmaster,
  waitForPidFile,
} from './postmaster.ts';
import { findProcess, pause } from './processes.ts';
import { type Log, type Progress, withProgress } from './report.ts';

/** After its postmaster was killed, PostgreSQL's other processes need a moment to go. */
const retryForMs = 30_000;

interface KeeperOptions {
  readonly lockWaitMs: number;
  readonly progress: Progress;
  readonly log: Log;
  readonly onLost: (error: Error) => void;
}

class FolderTaken extends OperatorError {
  constructor(folder: string) {
    super(
      `Another Parley is running on ${folder}. Stop it, ` +
        'or give this one a folder of its own with PARLEY_DATA_DIR.',
    );
    this.name = 'FolderTaken';
  }
}

type State =
  | { readonly state: 'stopped' }
  | { readonly state: 'up'; readonly pid: number; readonly lock: FolderLock }
  | { readonly state: 'restoring'; readonly done: Promise<void> };

/** Keeps one PostgreSQL running, and its folder locked, from `start` to `stop`. */
export class Keeper {
  readonly #launch: Launch;
  readonly #address: DatabaseAddress;
  readonly #options: KeeperOptions;
  #state: State = { state: 'stopped' };
  #stopping = false;

  constructor(launch: Launch, address: DatabaseAddress, options: KeeperOptions) {
    this.#launch = launch;
    this.#address = address;
    this.#options = options;
  }

  async start(): Promise<void> {
    await this.#bringUp();
    try {
      await this.#createDatabase();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    if (this.#state.state === 'restoring') await this.#state.done;
    if (this.#state.state !== 'up') return;
    const { pid, lock } = this.#state;
    this.#state = { state: 'stopped' };
    await stopPostmaster(pid, this.#options.progress);
    await lock.end();
  }

  /** Ends with PostgreSQL up and the folder locked, whoever started it. */
  async #bringUp(): Promise<void> {
    const until = performance.now() + retryForMs;
    for (;;) {
      const found = await findPostmaster(this.#launch);
      switch (found.state) {
        case 'foreign':
          throw new OperatorError(
            `${found.what} uses ${this.#launch.cluster}, and this Parley has not started it. ` +
              'Stop it, then start again.',
          );
        case 'none':
          await this.#launchOnce(until);
          break;
        case 'ours':
          if (await this.#takeOver(found.pid, found.current)) return;
          break;
      }
    }
  }

  async #launchOnce(until: number): Promise<void> {
    const postmaster = await startPostmaster(this.#launch);
    const session = await withProgress(
      this.#options.progress,
      'Starting PostgreSQL',
      waitForPidFile(this.#launch, postmaster).then(() =>
        connectWhenUp(this.#lockAddress, () => !postmaster.ended),
      ),
    );
    if (session !== undefined) {
      await session.end();
      return;
    }
    const { retry, said } = await postmaster.failure();
    if (!retry || performance.now() > until) {
      throw new OperatorError(`PostgreSQL does not start. It says (${this.#launch.log}):\n${said}`);
    }
    await pause(300);
  }

  /** Locks the folder in a running PostgreSQL. False when it is not, or no longer, the one we need. */
  async #takeOver(pid: number, current: boolean): Promise<boolean> {
    const alive = async () => (await findProcess(pid)) !== undefined;
    const session = await connectWhenUp(this.#lockAddress, alive);
    if (session === undefined) return false;
    try {
      const locked = await withProgress(
        this.#options.progress,
        `Another Parley has ${this.#launch.dataDir}; waiting for it to end`,
        lockFolder(session, this.#options.lockWaitMs),
      );
      if (!locked) throw new FolderTaken(this.#launch.dataDir);
      if (!current) {
        this.#options.log.info('PostgreSQL runs with another version or settings: restarting it');
        await stopPostmaster(pid, this.#options.progress);
        await session.end();
        return false;
      }
    } catch (error) {
      await session.end();
      // It went away between two looks: look again.
      if (failureKind(error) === 'unavailable') return false;
      throw error;
    }
    if (session.connection.stream.destroyed) return false;
    this.#state = { state: 'up', pid, lock: session };
    session.once('end', () => this.#onLockLost(session));
    return true;
  }

  #onLockLost(lock: FolderLock): void {
    if (this.#state.state !== 'up' || this.#state.lock !== lock || this.#stopping) return;
    this.#options.log.warn('PostgreSQL is away: bringing it back');
    this.#state = { state: 'restoring', done: this.#restore() };
  }

  async #restore(): Promise<void> {
    while (!this.#stopping) {
      try {
        await this.#bringUp();
        this.#options.log.info('PostgreSQL is back');
        return;
      } catch (error) {
        const failure = error instanceof Error ? error : new Error(String(error));
        this.#options.log.warn(failure.message);
        if (failure instanceof FolderTaken) {
          this.#options.onLost(failure);
          return;
        }
        await pause(2_000);
      }
    }
  }

  get #lockAddress(): DatabaseAddress {
    return inDatabase(this.#address, 'postgres');
  }

  async #createDatabase(): Promise<void> {
    if (this.#state.state !== 'up' || this.#address.kind !== 'socket') return;
    const { lock } = this.#state;
    const { database } = this.#address;
    const { rowCount } = await lock.query('select from pg_database where datname = $1', [database]);
    if (rowCount === 0) await lock.query(`create database ${lock.escapeIdentifier(database)}`);
  }
}
