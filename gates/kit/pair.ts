import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { textAt } from './http-call.ts';
import type { Installed } from './installation.ts';
import type { PairNews, PairOrder } from './pair-process.ts';
import type { PairPlan, PairReport } from './talking-pair.ts';
import type { Tenant } from './tenant.ts';

const program = fileURLToPath(new URL('./pair-process.ts', import.meta.url));

interface PairOptions {
  readonly tenant: Tenant;
  /** Names its two people. */
  readonly name: string;
  readonly everyMs: number;
  /** The address they come from. */
  readonly from?: string;
}

/** People who talk all the time, two and two, in a process of their own. */
export interface Pairs {
  /** Stops writing, and tells how it went since the last pause. */
  pause(): Promise<PairReport>;
  resume(): Promise<void>;
  /** Ends the talk and tells how it went since the last pause. */
  stop(): Promise<PairReport>;
}

/** Puts people into conversations of two and lets them talk; resolves when they do. */
export async function startPairs(
  installed: Pick<Installed, 'call' | 'port'>,
  pairs: readonly PairOptions[],
): Promise<Pairs> {
  const plans: PairPlan[] = [];
  for (const pair of pairs) plans.push(await introduce(installed, pair));
  const child = fork(program, {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    // A delay may be none at all.
    serialization: 'advanced',
  });
  await order(child, { start: plans });
  const pause = async () => {
    const news = await order(child, 'pause');
    if ('report' in news) return news.report;
    throw new Error('the pairs did not tell how it went');
  };
  return {
    pause,
    async resume() {
      await order(child, 'resume');
    },
    async stop() {
      const report = await pause();
      child.disconnect();
      return report;
    },
  };
}

async function introduce(
  { call, port }: Pick<Installed, 'call' | 'port'>,
  { tenant, name, everyMs, from }: PairOptions,
): Promise<PairPlan> {
  const [writer, reader] = [tenant.token(`${name}-writer`), tenant.token(`${name}-reader`)];
  const source = from === undefined ? {} : { from };
  // Whoever uses a token becomes a person by it.
  await call('GET', '/v1/conversations', { bearer: reader, ...source });
  const { body } = await call('POST', '/v1/conversations', {
    bearer: writer,
    body: { kind: 'direct', members: [`${name}-reader`] },
    ...source,
  });
  const conversation = textAt(body, 'conversation.id');
  return { port, ...source, conversation, writer, reader, everyMs };
}

async function order(child: ChildProcess, what: PairOrder): Promise<PairNews> {
  child.send(what);
  const ended = new AbortController();
  const gone = once(child, 'exit', { signal: ended.signal }).then(() => {
    throw new Error('the process of the pairs has ended');
  });
  try {
    const [news] = await Promise.race([once(child, 'message'), gone]);
    return news;
  } finally {
    gone.catch(() => {});
    ended.abort();
  }
}
