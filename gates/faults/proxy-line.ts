import type { Socket } from 'node:net';
import type { SeededRandom } from '../kit/seeded-random.ts';
import { type Cut, type Direction, type LineFaults, ProxyLane } from './proxy-lane.ts';

/** One connection through the proxy: two sockets, and a lane each way. */
export class ProxyLine {
  readonly #near: Socket;
  readonly #far: Socket;
  readonly #toServer: ProxyLane;
  readonly #toClient: ProxyLane;
  readonly #onGone: () => void;

  constructor(near: Socket, far: Socket, random: SeededRandom, onGone: () => void) {
    this.#near = near;
    this.#far = far;
    this.#onGone = onGone;
    const end = (how: Cut['how']) => (how === 'reset' ? this.reset() : this.destroy());
    this.#toServer = new ProxyLane(near, far, random, end);
    this.#toClient = new ProxyLane(far, near, random, end);
    for (const socket of [near, far]) socket.on('close', () => this.#forgetIfGone());
  }

  /** Bytes, or the end of the line, were swallowed: it can never go on. */
  get lost(): boolean {
    return this.#toServer.lost || this.#toClient.lost;
  }

  apply({ toServer, toClient }: LineFaults): void {
    this.#toServer.apply(toServer);
    this.#toClient.apply(toClient);
  }

  cut(direction: Direction, cut: Cut): void {
    (direction === 'toServer' ? this.#toServer : this.#toClient).cut(cut);
  }

  /** Cuts that have not happened yet will not. */
  uncut(): void {
    this.#toServer.cut(undefined);
    this.#toClient.cut(undefined);
  }

  /** RST both ways. */
  reset(): void {
    reset(this.#near);
    reset(this.#far);
    this.#stop();
  }

  destroy(): void {
    this.#near.destroy();
    this.#far.destroy();
    this.#stop();
  }

  /** The end named is reset, the other is kept open and hears nothing. */
  abandon(end: 'server' | 'client'): void {
    this.#toServer.swallow();
    this.#toClient.swallow();
    reset(end === 'server' ? this.#far : this.#near);
  }

  #stop(): void {
    this.#toServer.stop();
    this.#toClient.stop();
    this.#onGone();
  }

  #forgetIfGone(): void {
    if (this.#near.destroyed && this.#far.destroyed) this.#stop();
  }
}

function reset(socket: Socket): void {
  // One that connects just now has no address yet; a Unix socket, which knows no reset, never has.
  if (socket.remoteAddress !== undefined) socket.resetAndDestroy();
  else if (socket.connecting) socket.once('connect', () => reset(socket));
  else socket.destroy();
}
