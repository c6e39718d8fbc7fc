import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Measured, Person, Plan } from './crowd.ts';
import type { Order, Report } from './orders.ts';

const program = fileURLToPath(new URL('./main.ts', import.meta.url));

/** The load, in a process of its own: it must not share a thread with anything it measures. */
export class Load {
  readonly #child: ChildProcess;

  constructor() {
    this.#child = fork(program, { execArgv: ['--disable-warning=ExperimentalWarning'] });
  }

  async connect(
    server: string,
    target: {
      readonly port: number;
      readonly people: readonly Person[];
      readonly bodyBytes: number;
    },
  ): Promise<void> {
    await this.#ask({ type: 'connect', server, ...target }, () => {});
  }

  /** Runs a round; `onWindow` is told when the measured part begins and ends. */
  async run(
    server: string,
    plan: Plan,
    onWindow: (edge: 'begin' | 'end') => void,
  ): Promise<Measured> {
    const report = await this.#ask({ type: 'run', server, plan }, onWindow);
    if (report.type !== 'measured') throw new Error(`the load answered ${report.type}`);
    return report.measured;
  }

  stop(): void {
    if (this.#child.connected) this.#child.disconnect();
  }

  #ask(order: Order, onWindow: (edge: 'begin' | 'end') => void): Promise<Report> {
    const child = this.#child;
    return new Promise((resolve, reject) => {
      const onExit = () => reject(new Error('the load process ended'));
      const onMessage = (report: Report) => {
        if (report.type === 'window') {
          onWindow(report.edge);
          return;
        }
        child.off('message', onMessage).off('exit', onExit);
        if (report.type === 'failed') reject(new Error(`The load says: ${report.why}`));
        else resolve(report);
      };
      child.on('message', onMessage).once('exit', onExit);
      child.send(order);
    });
  }
}
