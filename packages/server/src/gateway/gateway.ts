import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { errors, limits } from '@parley/protocol';
import type { Logger } from 'pino';
import { type WebSocket, WebSocketServer } from 'ws';
import { withoutPrefix } from '../path-prefix.ts';
import { type Commands, publishTyping } from './commands.ts';
import { Connection, type PageOrigin } from './connection.ts';
import { dispatch } from './dispatch.ts';
import type { Origins } from './origins.ts';
import { RateLimit } from './rate-limit.ts';

interface GatewayOptions {
  readonly commands: Commands;
  readonly origins: Origins;
  /** Path prefix of PUBLIC_URL, such as `/chat`, or empty. */
  readonly prefix: string;
  /** Multiplies every rate limit; 0 switches them off. */
  readonly rateScale: number;
  readonly log: Logger;
}

/** Frames a connection may send: far above what a person's client does. */
const framesPerSecond = 200;
const framesBurst = 500;
const drainSpreadMs = 2_000;

/** The WebSocket door: upgrades, heartbeats, the drain. */
export class Gateway {
  readonly #options: GatewayOptions;
  readonly #sockets: WebSocketServer;
  readonly #connections = new Set<Connection>();
  readonly #heartbeat: NodeJS.Timeout;
  #draining = false;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#sockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      // Compression per socket costs memory and is a bomb's best friend.
      perMessageDeflate: false,
      maxPayload: limits.frameBytes,
    });
    this.#heartbeat = setInterval(() => this.#beat(), limits.heartbeatMs);
    this.#heartbeat.unref();
  }

  /** How many sockets are open. */
  get size(): number {
    return this.#connections.size;
  }

  /** Answers an HTTP upgrade: to a WebSocket at `/v1/ws`, with an HTTP error elsewhere. */
  async upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): Promise<void> {
    const destroy = () => stream.destroy();
    stream.on('error', destroy);
    const [path = ''] = (request.url ?? '').split('?');
    if (withoutPrefix(path, this.#options.prefix) !== '/v1/ws') {
      refuseUpgrade(stream, 'not_found');
      return;
    }
    if (this.#draining) {
      refuseUpgrade(stream, 'unavailable');
      return;
    }
    const origin = await this.#options.origins.admit(request);
    if (origin === null) {
      refuseUpgrade(stream, 'origin_refused');
      return;
    }
    if (stream.destroyed) return;
    this.#sockets.handleUpgrade(request, stream, head, (socket) => {
      stream.removeListener('error', destroy);
      this.#accept(socket, stream, origin);
    });
  }

  /**
   * Ends every connection in good order: tells when to come back, then closes with 1012.
   *
   * What was asked before is answered first: `settled` resolves when nothing is under way.
   */
  async drain(settled: Promise<void>): Promise<void> {
    this.#draining = true;
    clearInterval(this.#heartbeat);
    for (const connection of this.#connections) {
      const retry_after_ms = Math.floor(Math.random() * drainSpreadMs);
      connection.tell({ event: 'drain', retry_after_ms });
    }
    await settled;
    const closed = [...this.#connections].map(
      (connection) => new Promise((resolve) => connection.socket.once('close', resolve)),
    );
    for (const connection of this.#connections) connection.close('drain');
    await Promise.all(closed);
  }

  #accept(socket: WebSocket, stream: Duplex, origin: PageOrigin | undefined): void {
    const connection = new Connection({
      socket,
      stream,
      origin,
      rate: new RateLimit({
        perSecond: framesPerSecond,
        burst: framesBurst,
        scale: this.#options.rateScale,
        now: performance.now(),
      }),
    });
    this.#connections.add(connection);
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      connection.silentBeats = 0;
      if (connection.closing) return;
      if (isBinary) {
        connection.close('protocolError');
        return;
      }
      void dispatch(this.#options, connection, data.toString('utf8'));
    });
    socket.on('pong', () => {
      connection.silentBeats = 0;
    });
    socket.on('ping', () => {
      connection.silentBeats = 0;
    });
    // ws closes with the right code by itself (1009, 1007, 1002); the event must only not be uncaught.
    socket.on('error', (error) => this.#options.log.debug({ err: error }, 'socket error'));
    socket.on('close', () => this.#ended(connection));
    if (this.#draining) connection.close('drain');
  }

  #ended(connection: Connection): void {
    this.#connections.delete(connection);
    const { commands } = this.#options;
    const { watched, typingIn } = connection;
    commands.watching.unwatch(connection, watched);
    const state = connection.end();
    if (state.status !== 'open') return;
    for (const conversation of typingIn) {
      if (!commands.hub.isIn(state.scope, conversation)) continue;
      publishTyping(commands.contextOf(state.scope), conversation, false);
    }
    commands.hub.leave(state.outlet);
    state.exit();
  }

  #beat(): void {
    for (const connection of this.#connections) {
      if (connection.silentBeats >= 2) {
        connection.close('heartbeatLost');
        connection.socket.terminate();
        continue;
      }
      connection.silentBeats++;
      connection.socket.ping();
    }
  }
}

function refuseUpgrade(stream: Duplex, code: 'not_found' | 'unavailable' | 'origin_refused'): void {
  const { status, message, retryable } = errors[code];
  const body = JSON.stringify({
    type: 'about:blank',
    title: STATUS_CODES[status],
    status,
    detail: message,
    code,
    retryable,
  });
  stream.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n` +
      'Connection: close\r\n' +
      'Content-Type: application/problem+json\r\n' +
      (retryable ? 'Retry-After: 1\r\n' : '') +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
