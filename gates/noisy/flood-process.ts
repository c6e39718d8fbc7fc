// The flood in a process of its own, at the lowest priority: on one machine it would otherwise take
// the processor from those whose delays are measured, which no server can help. See flood.ts.
import { constants, setPriority } from 'node:os';
import { Counter } from './counter.ts';
import type { FloodNews, FloodOrder, Job } from './flood.ts';
import { frameWork, httpWork, socketWork, type Work } from './work.ts';

const tickMs = 4;

interface Running {
  readonly job: Job;
  readonly work: Work;
  readonly counter: Counter;
}

setPriority(constants.priority.PRIORITY_LOW);
let running: readonly Running[] = [];
let ticking: NodeJS.Timeout | undefined;

process.on('message', (order: FloodOrder) => {
  void follow(order).then((news) => process.send?.(news));
});
process.on('disconnect', () => process.exit());

async function follow(order: FloodOrder): Promise<FloodNews> {
  if (order === 'start') start();
  else if (order === 'stop') clearInterval(ticking);
  else if (order !== 'peek') {
    const { port, jobs } = order;
    running = await Promise.all(
      jobs.map(async (job) => {
        const counter = new Counter();
        return { job, counter, work: await workOf(port, job, counter) };
      }),
    );
  }
  return Object.fromEntries(running.map(({ job, counter }) => [job.name, counter.outcome()]));
}

function workOf(port: number, job: Job, counter: Counter): Promise<Work> {
  switch (job.kind) {
    case 'frames':
      return frameWork(port, job, counter);
    case 'http':
      return httpWork(port, job, counter);
    case 'sockets':
      return socketWork(port, job, counter);
  }
}

function start(): void {
  const began = performance.now();
  for (const { counter } of running) counter.begin(began);
  const done = new Map<Running, number>();
  ticking = setInterval(() => {
    const seconds = (performance.now() - began) / 1000;
    for (const one of running) {
      const due = Math.floor(seconds * one.job.perSecond);
      let count = done.get(one) ?? 0;
      // What could not be done in time is not made up for: it would come in a heap, which is our
      // machine's doing and not what is measured.
      const most = Math.max(1, Math.ceil((one.job.perSecond * 3 * tickMs) / 1000));
      if (due - count > most) count = due - most;
      for (; count < due; count++) one.work();
      done.set(one, count);
    }
  }, tickMs);
}
