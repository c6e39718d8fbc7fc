import type { WebSocket } from 'ws';
import { bounds } from '../limits/bounds.ts';
import { SlidingWindow } from '../limits/sliding-window.ts';
import { SlowDown } from './slow-down.ts';
import { Turns } from './turns.ts';

/**
 * What comes in on one connection, and how much of it at a time.
 *
 * Made for every socket, also those that never say who they are: whatever only people need is made
 * when it is first used.
 */
export class Intake {
  /** Frames refused since the connection came, for being too many or no frames at all. */
  refusedFrames = 0;
  /** Frames that came before hello was answered. */
  framesBeforeHello = 0;
  readonly #socket: WebSocket;
  #underWay = 0;
  #onSettled: (() => void)[] | undefined;
  #isFull = false;
  /** Reasons for which it is not read now. */
  #holds = 0;
  #frames: SlidingWindow | undefined;
  #turns: Turns | undefined;
  #slowDown: SlowDown | undefined;
  #isSlowed = false;
  /** Settles when the frame that waits for permission goes on, or does not. */
  #passing: Promise<void> | undefined;

  constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  /** Frames of late. */
  get frames(): SlidingWindow {
    this.#frames ??= new SlidingWindow();
    return this.#frames;
  }

  /** Turns of the requests that ask the database: one client must not fill the pool. */
  get turns(): Turns {
    this.#turns ??= new Turns(bounds.questionsPerConnection);
    return this.#turns;
  }

  /** A frame waits for permission; those behind it must not overtake it. */
  get isPassing(): boolean {
    return this.#passing !== undefined;
  }

  /** Waits for the frames before. Those who wait go on in the order in which they came. */
  async passed(): Promise<void> {
    while (this.#passing !== undefined) await this.#passing;
  }

  /** Begins the work once it is permitted; what comes later on this connection begins after it. */
  async pass<T>(permission: Promise<void>, work: () => T | Promise<T>): Promise<T> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#passing = promise;
    const begin = async () => {
      try {
        await permission;
        return { working: work() };
      } finally {
        // Work may have begun to wait itself.
        if (this.#passing === promise) this.#passing = undefined;
        resolve();
      }
    };
    const { working } = await begin();
    return working;
  }

  /** It is not read now. */
  get isHeld(): boolean {
    return this.#holds > 0;
  }

  /** Counts a request in; reading pauses while too many are under way. */
  begin(): void {
    if (++this.#underWay < bounds.requestsUnderWay || this.#isFull) return;
    this.#isFull = true;
    this.hold();
  }

  finish(): void {
    if (this.#underWay === 1) for (const settle of this.#onSettled?.splice(0) ?? []) settle();
    if (--this.#underWay > bounds.requestsUnderWay / 2 || !this.#isFull) return;
    this.#isFull = false;
    this.release();
  }

  /** Resolves when nothing is under way. */
  settled(): Promise<void> {
    if (this.#underWay === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onSettled ??= [];
      this.#onSettled.push(resolve);
    });
  }

  /** Stops reading until it is released as often as it was held. */
  hold(): void {
    if (this.#holds++ === 0) this.#socket.pause();
  }

  release(): void {
    if (--this.#holds === 0) this.#socket.resume();
  }

  /** A frame was refused as too many; reading pauses when that goes on. */
  slowDown(retryAfterMs: number): void {
    if (this.#isSlowed) return;
    this.#slowDown ??= new SlowDown();
    const pauseMs = this.#slowDown.refused(retryAfterMs, performance.now());
    if (pauseMs === 0) return;
    this.#isSlowed = true;
    this.hold();
    setTimeout(() => {
      this.#isSlowed = false;
      this.release();
    }, pauseMs).unref();
  }
}
