import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ClientPlan } from './client.ts';

export type CrowdOrder =
  | { readonly port: number; readonly clients: readonly ClientPlan[] }
  | 'cut'
  | 'look';

/** How a crowd came back. */
export interface CrowdReport {
  /** Milliseconds from the cut until each was back; of those who were. */
  readonly times: readonly number[];
  /** Until the last one was. */
  readonly ms: number;
  /** Tries that were refused since the beginning, by what was said. */
  readonly refused: Readonly<Record<string, number>>;
  /** Messages that were never told. */
  readonly holes: number;
  readonly resets: number;
  /** Messages that were said while somebody was away, by who heard of them afterwards. */
  readonly missed: number;
}

export type CrowdNews =
  | { readonly report: CrowdReport }
  | { readonly lastSeqs: readonly (readonly (readonly [string, number])[])[] };

const program = fileURLToPath(new URL('./crowd-process.ts', import.meta.url));

/** Clients by the thousand, in a process of their own. */
export class Crowd implements Disposable {
  readonly #child: ChildProcess;

  /** Resolves when all are there and up to date. */
  static async start(port: number, clients: readonly ClientPlan[]): Promise<Crowd> {
    const crowd = new Crowd();
    await crowd.#order({ port, clients });
    return crowd;
  }

  private constructor() {
    this.#child = fork(program, {
      execArgv: ['--disable-warning=ExperimentalWarning'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
  }

  /** Cuts all off at once; resolves when all are back. */
  async cut(): Promise<CrowdReport> {
    const news = await this.#order('cut');
    if ('report' in news) return news.report;
    throw new Error('the crowd did not tell how it went');
  }

  /** What each knows as the last message of its conversations. */
  async lastSeqs(): Promise<readonly ReadonlyMap<string, number>[]> {
    const news = await this.#order('look');
    if ('lastSeqs' in news) return news.lastSeqs.map((one) => new Map(one));
    throw new Error('the crowd did not tell what it knows');
  }

  [Symbol.dispose](): void {
    this.#child.disconnect();
  }

  async #order(what: CrowdOrder): Promise<CrowdNews> {
    this.#child.send(what);
    const ended = new AbortController();
    const gone = once(this.#child, 'exit', { signal: ended.signal }).then(() => {
      throw new Error('the process of the crowd has ended');
    });
    gone.catch(() => {});
    try {
      const [news] = await Promise.race([once(this.#child, 'message'), gone]);
      return news;
    } finally {
      ended.abort();
    }
  }
}
