import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { type DatabaseAddress, describeAddress } from '../db/address.ts';
import { OperatorError } from '../operator-error.ts';
import { busFault } from './bus-fault.ts';
import type { BusFingerprint } from './bus-fingerprint.ts';
import { DatabaseClock } from './database-clock.ts';
import { endBackend, type Hold, takeNodeLock } from './node-lock.ts';
import { NodeSession } from './node-session.ts';
import { beat, type LivingNode, leave, type NodeCard } from './registry.ts';
import type { Standing } from './standing.ts';

interface NodeOptions {
  readonly address: DatabaseAddress;
  /** `shared` where a bus carries news between nodes. */
  readonly hold: Hold;
  readonly version: string;
  /** How many migrations this code knows. */
  readonly migrations: number;
  /** How long a lock that another node has is waited for, in ms. Default 10 s. */
  readonly lockWaitMs?: number;
  /** How often it says that it lives, in ms; for tests. Default 2 s. */
  readonly beatMs?: number;
  /** For people who watch a start. */
  readonly say?: (text: string) => void;
  readonly log: Log;
  /** Another node has taken the database meanwhile: this one must end. */
  readonly onLost: (error: Error) => void;
}

interface Log {
  info(about: object, text: string): void;
  warn(about: object, text: string): void;
  error(about: object, text: string): void;
}

const comeBackMs = 500;
const closeMs = 1_000;
/** Nodes read the name of their Redis a beat apart: only what lasts longer is a fault. */
const faultBeats = 3;

/**
 * This process as one of those that may run on a database: its lock, its sign of life, its clock.
 *
 * All three go by one connection. When that is lost, another is opened and the lock taken again;
 * meanwhile the node goes on, since what it does is kept right by the rows' own locks.
 */
export class Node implements Standing {
  readonly id = randomUUID();
  readonly clock: DatabaseClock;
  readonly #options: NodeOptions;
  readonly #card: NodeCard;
  readonly #beatMs: number;
  readonly #running: Promise<void>;
  readonly #closing = new AbortController();
  #session: NodeSession | undefined;
  #backend: NodeSession['backend'];
  #fingerprint: BusFingerprint | undefined;
  #isRegistered = false;
  #living: readonly LivingNode[] = [];
  /** For how many beats there has been something wrong with the bus. */
  #faultyBeats = 0;
  #fault: string | undefined;
  #wake = () => {};

  private constructor(options: NodeOptions, session: NodeSession, clock: DatabaseClock) {
    this.#options = options;
    this.#session = session;
    this.#backend = session.backend;
    this.clock = clock;
    const { version, migrations, beatMs = 2_000 } = options;
    this.#beatMs = beatMs;
    this.#card = { id: this.id, place: placeOf(), version, migrations };
    this.#running = this.#run();
  }

  /**
   * Takes the database for this node, before it changes anything there.
   *
   * Throws with a message for the operator when another node is on it, for longer than `lockWaitMs`,
   * and the two have no bus between them.
   */
  static async open(options: NodeOptions): Promise<Node> {
    const { address, hold, lockWaitMs = 10_000, say = () => {}, log } = options;
    const session = await NodeSession.open(address, nameOf());
    try {
      const holders = await takeNodeLock(session, {
        hold,
        waitMs: lockWaitMs,
        onWait: (who) => {
          const seconds = Math.ceil(lockWaitMs / 1_000);
          say(
            `Another Parley (${who}) has the database: waiting up to ${seconds} s for it to end.`,
          );
        },
      });
      if (holders !== undefined) throw taken(address, hold, holders);
      const onSetBack = (ms: number) =>
        log.error({ ms }, "the database's clock was set back: what is dated now is dated earlier");
      const clock = new DatabaseClock(await session.readClock(), { onSetBack });
      return new Node(options, session, clock);
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  /** How many nodes live on the database. */
  get nodes(): number {
    return Math.max(1, this.#living.length);
  }

  get fault(): string | undefined {
    return this.#fault;
  }

  /**
   * Says to the others that this node lives; once the tables are there.
   *
   * `fingerprint`: of the Redis that carries its news. Throws when it is not the one of the others.
   */
  async register(fingerprint: BusFingerprint | undefined): Promise<void> {
    this.#fingerprint = fingerprint;
    this.#isRegistered = true;
    for (let beats = 0; ; beats++) {
      const session = this.#session;
      if (session === undefined) throw new OperatorError('The connection to the database is lost.');
      await this.#beat(session);
      const fault = busFault(this.#living, this.id);
      if (fault === undefined) break;
      if (beats === faultBeats) throw new OperatorError(fault);
      await pause(this.#beatMs);
    }
    const others = this.#living.filter(({ id }) => id !== this.id);
    // Whoever tries it on one machine has nothing to read about nodes.
    if (others.length === 0) return;
    this.#options.log.info(
      { node: this.id, others: others.map(({ place, version }) => `${place} ${version}`) },
      'one of several nodes',
    );
  }

  /** Gives the lock back. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#wake();
    // It may be waiting for a database that does not answer.
    await Promise.race([this.#running, pause(closeMs, undefined, { ref: false })]);
    const session = this.#session;
    if (session === undefined) return;
    if (this.#isRegistered) await leave(session, this.id).catch(() => {});
    await session.close();
  }

  async #run(): Promise<void> {
    this.#watch(this.#session);
    await this.#pause(this.#beatMs);
    for (let failed = false; !this.#closing.signal.aborted; ) {
      try {
        this.#session ??= await this.#comeBack();
        await this.#beat(this.#session);
        if (failed) this.#options.log.info({}, 'the database has this node again');
        failed = false;
      } catch (error) {
        if (this.#closing.signal.aborted) return;
        if (error instanceof OperatorError) {
          this.#options.onLost(error);
          return;
        }
        if (!failed)
          this.#options.log.warn({ err: error }, 'the database does not have this node now');
        failed = true;
      }
      await this.#pause(failed ? comeBackMs : this.#beatMs);
    }
  }

  async #comeBack(): Promise<NodeSession> {
    const { address, hold, lockWaitMs = 10_000 } = this.#options;
    const session = await NodeSession.open(address, nameOf());
    try {
      // PostgreSQL may not have noticed yet that our line is dead, and keep the lock for it.
      await endBackend(session, this.#backend);
      const signal = this.#closing.signal;
      const holders = await takeNodeLock(session, { hold, waitMs: lockWaitMs, signal });
      if (holders !== undefined) throw taken(address, hold, holders);
    } catch (error) {
      await session.close();
      throw error;
    }
    this.#backend = session.backend;
    this.#watch(session);
    return session;
  }

  /** A lost session is not waited for until the next beat. */
  #watch(session: NodeSession | undefined): void {
    void session?.ended.then(() => {
      if (this.#session !== session) return;
      this.#session = undefined;
      this.#wake();
    });
  }

  async #beat(session: NodeSession): Promise<void> {
    this.clock.take(await session.readClock());
    if (!this.#isRegistered) return;
    const bus = (await this.#fingerprint?.read()) ?? null;
    this.#living = await beat(session, this.#card, bus);
    this.#judge();
  }

  #judge(): void {
    const fault = busFault(this.#living, this.id);
    this.#faultyBeats = fault === undefined ? 0 : this.#faultyBeats + 1;
    if (fault !== undefined && this.#faultyBeats < faultBeats) return;
    if (fault === this.#fault) return;
    this.#fault = fault;
    if (fault === undefined) this.#options.log.info({}, 'the nodes share their Redis again');
    else this.#options.log.error({}, fault);
  }

  async #pause(ms: number): Promise<void> {
    if (this.#closing.signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const timer = setTimeout(resolve, ms);
    await promise;
    clearTimeout(timer);
  }
}

function taken(address: DatabaseAddress, hold: Hold, holders: string): OperatorError {
  const where = describeAddress(address);
  return new OperatorError(
    hold === 'alone'
      ? `Another Parley (${holders}) runs on ${where}, and this one has no REDIS_URL by which they ` +
          'would hear of each other’s messages. Stop the other one, or give both the same REDIS_URL.'
      : `Another Parley (${holders}) runs on ${where} without REDIS_URL, so it would hear of nothing ` +
          'from this one. Stop it, or give both the same REDIS_URL.',
  );
}

function placeOf(): string {
  return `${hostname().slice(0, 40)}:${process.pid}`;
}

function nameOf(): string {
  return `parley node ${placeOf()}`;
}
