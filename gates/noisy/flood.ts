import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Something done again and again, so many times a second, whatever comes of it. */
export type Job = {
  /** Which limit it is to reach. */
  readonly name: string;
  readonly perSecond: number;
} & (
  | {
      readonly kind: 'frames';
      /** Whose sockets, and how many each; every frame goes over the next of them. */
      readonly tokens: readonly string[];
      readonly socketsEach: number;
      /** Addresses that they come from, in turn. */
      readonly from: readonly string[];
      /** Messages to this conversation of each; else pings. */
      readonly conversations?: readonly string[];
    }
  | {
      readonly kind: 'http';
      readonly from: readonly string[];
      readonly path: string;
      readonly bearer?: string;
      /** A value of X-Forwarded-For that is another each time. */
      readonly forwardedFor?: boolean;
    }
  | { readonly kind: 'sockets'; readonly from: readonly string[] }
);

/** What came of a job. */
export interface Outcome {
  readonly attempts: number;
  /** Milliseconds since the flood began, of what was done and not refused as too often. */
  readonly accepted: readonly number[];
  readonly refused: number;
  /** Answers that are neither, by what they were. */
  readonly others: Readonly<Record<string, number>>;
}

export type FloodOrder =
  | { readonly port: number; readonly jobs: readonly Job[] }
  | 'start'
  | 'peek'
  | 'stop';
export type FloodNews = Readonly<Record<string, Outcome>>;

const program = fileURLToPath(new URL('./flood-process.ts', import.meta.url));

/** A tenant that does everything too often, in a process of its own. */
export interface Flood {
  start(): Promise<void>;
  /** What came of everything so far. */
  peek(): Promise<FloodNews>;
  /** Stops, and tells what came of everything since the start. */
  stop(): Promise<FloodNews>;
  close(): void;
}

/** Prepares a flood: sockets are open and have said hello when this resolves. */
export async function prepareFlood(port: number, jobs: readonly Job[]): Promise<Flood> {
  const child = fork(program, {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  await order(child, { port, jobs });
  return {
    async start() {
      await order(child, 'start');
    },
    peek: () => order(child, 'peek'),
    stop: () => order(child, 'stop'),
    close: () => child.disconnect(),
  };
}

async function order(child: ChildProcess, what: FloodOrder): Promise<FloodNews> {
  child.send(what);
  const ended = new AbortController();
  const gone = once(child, 'exit', { signal: ended.signal }).then(() => {
    throw new Error('the process of the flood has ended');
  });
  try {
    const [news] = await Promise.race([once(child, 'message'), gone]);
    return news;
  } finally {
    gone.catch(() => {});
    ended.abort();
  }
}
