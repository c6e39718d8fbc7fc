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
  #isFull = false;
  /** Reasons for which it is not read now. */
  #holds = 0;
  #frames: SlidingWindow | undefined;
  #turns: Turns | undefined;
  #slowDown: SlowDown | undefined;
  #isSlowed = false;

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

  /** Counts a request in; reading pauses while too many are under way. */
  begin(): void {
    if (++this.#underWay < bounds.requestsUnderWay || this.#isFull) return;
    this.#isFull = true;
    this.hold();
  }

  finish(): void {
    if (--this.#underWay > bounds.requestsUnderWay / 2 || !this.#isFull) return;
    this.#isFull = false;
    this.release();
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
