import type { ChildProcess } from 'node:child_process';

/** What the server's process says of itself. Bytes, and milliseconds. */
export interface InsideReport {
  /** Resident memory, after a full collection where one was asked for. */
  readonly rss: number;
  readonly heapUsed: number;
  /** Memory outside the heap: buffers and what libraries hold. */
  readonly external: number;
  /** CPU time of the whole process so far. */
  readonly cpuMs: number;
  /** CPU time of the thread that runs the code. */
  readonly threadMs: number;
  /** The longest time its event loop was not served since the last report. */
  readonly longestStopMs: number;
}

export type InsideQuestion = {
  readonly id: number;
  readonly collect: boolean;
  /** Make the room for new objects as large as it gets, first. */
  readonly fill: boolean;
};
export type InsideAnswer = { readonly id: number; readonly report: InsideReport };

const answerMs = 30_000;

/** Asks a server that was started with `inside-server.ts`. */
export class Inside {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (report: InsideReport) => void>();
  #id = 0;

  constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (message: InsideAnswer) => this.#waiting.get(message.id)?.(message.report));
  }

  /** How it is now. */
  now(): Promise<InsideReport> {
    return this.#ask({ collect: false, fill: false });
  }

  /** How it is when garbage is collected; the collection itself is no stop. */
  collected(): Promise<InsideReport> {
    return this.#ask({ collect: true, fill: false });
  }

  /**
   * How it is when garbage is collected, in a process that has worked for long.
   *
   * The room for new objects grows to many megabytes under the first load, and never back: whoever
   * measures memory wants that behind them.
   */
  grown(): Promise<InsideReport> {
    return this.#ask({ collect: true, fill: true });
  }

  #ask(how: Omit<InsideQuestion, 'id'>): Promise<InsideReport> {
    const id = ++this.#id;
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error('the server does not answer')), answerMs);
      const finish = () => {
        clearTimeout(late);
        this.#waiting.delete(id);
        this.#child.removeListener('exit', gone);
      };
      const gone = () => {
        finish();
        reject(new Error('the server has ended'));
      };
      this.#child.once('exit', gone);
      this.#waiting.set(id, (report) => {
        finish();
        resolve(report);
      });
      const question: InsideQuestion = { id, ...how };
      if (this.#child.connected) this.#child.send(question);
      else gone();
    });
  }
}
