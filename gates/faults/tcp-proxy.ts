import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { reservedPort } from '../kit/reserved-port.ts';
import type { SeededRandom } from '../kit/seeded-random.ts';
import {
  type Cut,
  type Direction,
  type LaneFaults,
  type LineFaults,
  plainLane,
} from './proxy-lane.ts';
import { ProxyLine } from './proxy-line.ts';

interface ProxyOptions {
  /** Where the far ends are: a port of this machine, or the path of a Unix socket. */
  readonly target: { readonly port: number } | { readonly path: string };
  /** Decides the jitter. */
  readonly random: SeededRandom;
  readonly listenAt?: string;
}

/**
 * A TCP line that can be made to fail in the ways networks do, while connections live.
 *
 * It never makes up, repeats or reorders bytes of a connection, as TCP never does: a connection that
 * lost some is silent from there on, until `heal` resets it.
 */
export class TcpProxy implements AsyncDisposable {
  readonly port: number;
  readonly #options: ProxyOptions;
  readonly #lines = new Set<ProxyLine>();
  #server: Server | undefined;
  #faults: LineFaults = { toServer: plainLane, toClient: plainLane };
  #accepted = 0;

  /** Listens on a port that stays its own while it refuses connections. */
  static async open(options: ProxyOptions): Promise<TcpProxy> {
    for (;;) {
      const proxy = new TcpProxy(options, await reservedPort());
      if (await proxy.#listen()) return proxy;
    }
  }

  private constructor(options: ProxyOptions, port: number) {
    this.#options = options;
    this.port = port;
  }

  /** How many connections there are now. */
  get connections(): number {
    return this.#lines.size;
  }

  /** How many there have been. */
  get accepted(): number {
    return this.#accepted;
  }

  get faults(): LineFaults {
    return this.#faults;
  }

  /** Changes what is named, each way or both ways, for connections that live and that come. */
  set(faults: Partial<LaneFaults>, direction: Direction | 'both' = 'both'): void {
    const change = (name: Direction) =>
      direction === name || direction === 'both'
        ? { ...this.#faults[name], ...faults }
        : this.#faults[name];
    this.#faults = { toServer: change('toServer'), toClient: change('toClient') };
    for (const line of this.#lines) line.apply(this.#faults);
  }

  /** Everything is swallowed, nobody is told: a blackhole, one way or both. */
  blackhole(direction: Direction | 'both' = 'both'): void {
    this.set({ flow: 'drop' }, direction);
  }

  /** Nothing goes on, nothing is lost: a short break, which TCP gets over. */
  hold(direction: Direction | 'both' = 'both'): void {
    this.set({ flow: 'hold' }, direction);
  }

  /** No faults any more. Connections that lost bytes are reset, unless they should stay as they are. */
  async heal({ keepSilent = false }: { readonly keepSilent?: boolean } = {}): Promise<void> {
    this.set(plainLane);
    for (const line of this.#lines) line.uncut();
    if (!keepSilent) {
      for (const line of [...this.#lines]) if (line.lost) line.reset();
    }
    await this.accept();
  }

  /** Ends every connection that lives after so many bytes more. */
  cut(cut: Cut & { readonly direction: Direction }): void {
    for (const line of this.#lines) line.cut(cut.direction, cut);
  }

  /** RST to both ends of every connection. */
  reset(): void {
    for (const line of [...this.#lines]) line.reset();
  }

  /** One end of every connection goes away; the other one is never told. */
  abandon(end: 'server' | 'client'): void {
    for (const line of [...this.#lines]) line.abandon(end);
  }

  /** New connections are refused; those there are stay. */
  async refuse(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    await new Promise<void>((resolve) => {
      // It calls back when the last connection is gone; the port is free at once.
      server.close();
      setImmediate(resolve);
    });
  }

  async accept(): Promise<void> {
    if (this.#server !== undefined) return;
    if (!(await this.#listen())) throw new Error(`somebody else has taken port ${this.port}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    const closed = server === undefined ? undefined : once(server, 'close');
    server?.close();
    for (const line of [...this.#lines]) line.destroy();
    await closed;
  }

  async #listen(): Promise<boolean> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => this.#take(near));
    const listens = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(this.port, this.#options.listenAt ?? '127.0.0.1', () => resolve(true));
    });
    if (listens) this.#server = server;
    return listens;
  }

  #take(near: Socket): void {
    this.#accepted += 1;
    const { target, random } = this.#options;
    const far = connect({
      ...('path' in target ? target : { ...target, host: '127.0.0.1' }),
      allowHalfOpen: true,
      noDelay: true,
    });
    const line = new ProxyLine(near, far, random, () => this.#lines.delete(line));
    this.#lines.add(line);
    line.apply(this.#faults);
  }
}
