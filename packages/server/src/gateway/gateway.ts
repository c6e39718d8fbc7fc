import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type CloseReason, limits } from '@parley/protocol';
import type { Logger } from 'pino';
import { type WebSocket, WebSocketServer } from 'ws';
import type { TroubleLog } from '../doors/trouble-log.ts';
import { bounds } from '../limits/bounds.ts';
import type { FairTurns } from '../limits/fair-turns.ts';
import type { Limits } from '../limits/limits.ts';
import type { UnderWay } from '../limits/under-way.ts';
import { Backlogs } from './backlogs.ts';
import { type Commands, publishTyping } from './commands.ts';
import { Connection } from './connection.ts';
import { dispatch } from './dispatch.ts';
import type { Doorstep, Visitor } from './doorstep.ts';
import { sendAway } from './farewell.ts';
import { Flusher } from './flusher.ts';
import { Heartbeats } from './heartbeats.ts';

interface GatewayOptions {
  readonly commands: Commands;
  readonly doorstep: Doorstep;
  readonly limits: Limits;
  /** Turns at the database, shared by both doors. */
  readonly turns: FairTurns;
  /** Requests that have no answer yet, of both doors. */
  readonly underWay: UnderWay;
  readonly trouble: TroubleLog;
  /** We begin to close a connection; for the figures. */
  readonly onClosing?: (reason: CloseReason) => void;
  readonly log: Logger;
}

/** The WebSocket door: upgrades, heartbeats, the drain. */
export class Gateway {
  readonly #options: GatewayOptions;
  readonly #sockets: WebSocketServer;
  readonly #connections = new Set<Connection>();
  readonly #flusher = new Flusher();
  readonly #backlogs = new Backlogs();
  readonly #heartbeats: Heartbeats<Connection>;
  #draining = false;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#sockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      // Compression per socket costs memory and is a bomb's best friend.
      perMessageDeflate: false,
      maxPayload: limits.frameBytes,
      // Each part costs as much as a frame, an empty one too.
      maxFragments: bounds.fragments,
    });
    // A handshake that ws refuses is answered in our form: with our headers, and no HTML.
    this.#sockets.on('wsClientError', (error, stream) => {
      const message = `This is no WebSocket handshake: ${error.message}.`;
      options.doorstep.refuse(stream, { code: 'bad_request', message });
    });
    this.#heartbeats = new Heartbeats({
      onDead: (connection) => {
        connection.close('heartbeatLost');
        connection.socket.terminate();
      },
    });
  }

  /** How many sockets are open. */
  get size(): number {
    return this.#connections.size;
  }

  /**
   * Answers an HTTP upgrade: to a WebSocket at `/v1/ws`, with an HTTP error elsewhere.
   *
   * `since`: when the client came, on the monotonic clock.
   */
  async upgrade(
    request: IncomingMessage,
    stream: Duplex,
    head: Buffer,
    since: number,
  ): Promise<void> {
    const destroy = () => stream.destroy();
    stream.on('error', destroy);
    const { doorstep } = this.#options;
    const visitor = await doorstep.admit(request, stream).catch((error: unknown) => {
      this.#options.trouble.warn({ err: error }, 'nobody can be let in');
      return doorstep.refuse(stream, { code: 'unavailable', retryAfterMs: 1_000 });
    });
    if (visitor === undefined) return;
    stream.once('close', () => doorstep.left(visitor));
    this.#sockets.handleUpgrade(request, stream, head, (socket) => {
      stream.removeListener('error', destroy);
      this.#accept(socket, stream, visitor, since);
    });
  }

  /**
   * Ends every connection in good order, and lets nobody in any more.
   *
   * Each in its turn is answered what it asked, told when to come back, and closed with 1012; until
   * then it works as ever.
   */
  async drain(): Promise<void> {
    this.#draining = true;
    this.#options.doorstep.closed = true;
    this.#heartbeats.close();
    await sendAway([...this.#connections], 'drain');
    // Those who were being let in when it began.
    await sendAway([...this.#connections], 'drain');
    this.#backlogs.close();
  }

  /**
   * The history that everybody here follows is another one now: nobody hears a further word of it, and
   * all come back to read it anew.
   */
  async startOver(): Promise<void> {
    const all = [...this.#connections];
    for (const { state } of all) {
      if (state.status === 'joining' || state.status === 'open') {
        this.#options.commands.hub.leave(state.outlet);
      }
    }
    await sendAway(all, 'historyChanged');
  }

  #accept(socket: WebSocket, stream: Duplex, visitor: Visitor, since: number): void {
    const { address, origin } = visitor;
    const counting = countUntilHello(stream, () => connection.close('frameTooLarge'));
    const connection = new Connection({
      socket,
      stream,
      address,
      origin,
      flusher: this.#flusher,
      backlogs: this.#backlogs,
      since,
      onOpen: () => {
        counting.stop();
        this.#options.doorstep.greeted(visitor);
      },
      onClosing: (reason) => this.#options.onClosing?.(reason),
      onCut: () => this.#retire(connection, 'at once'),
    });
    const { overhead } = connection;
    this.#connections.add(connection);
    this.#heartbeats.add(connection);
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      connection.heardAt = performance.now();
      if (connection.closing) return;
      if (overhead.isTooMuch(data.length)) {
        cut(connection);
        return;
      }
      if (isBinary) {
        connection.close('protocolError');
        return;
      }
      void dispatch(this.#options, connection, data.toString('utf8'));
    });
    const control = () => this.#hearControl(connection);
    socket.on('pong', control);
    socket.on('ping', control);
    // ws closes with the right code by itself (1009, 1007, 1002); the event must only not be uncaught.
    socket.on('error', (error) => this.#options.log.debug({ err: error, address }, 'socket error'));
    socket.on('close', () => {
      this.#connections.delete(connection);
      this.#heartbeats.delete(connection);
      this.#retire(connection);
    });
    if (this.#draining) connection.close('drain');
  }

  /** A ping or pong: it keeps the line, and nothing else counts it. */
  #hearControl(connection: Connection): void {
    connection.heardAt = performance.now();
    if (++connection.controlFrames <= bounds.controlFrames || connection.closing) return;
    cut(connection);
  }

  /** It is nobody's from here on: it neither hears nor shows anything. */
  #retire(connection: Connection, how?: 'at once'): void {
    const { commands } = this.#options;
    const { watched, typingIn } = connection;
    commands.watching.unwatch(connection, watched);
    const state = connection.end();
    if (state.status === 'joining') commands.hub.leave(state.outlet);
    if (state.status !== 'open') return;
    for (const conversation of typingIn) {
      if (!commands.hub.isIn(state.scope, conversation)) continue;
      publishTyping(
        commands.hub,
        commands.contextOf(state.scope, state.session),
        conversation,
        false,
      );
    }
    commands.hub.leave(state.outlet);
    state.exit(how);
  }
}

/** Closes it at once: what is still on its way would be read until the close is answered. */
function cut(connection: Connection): void {
  connection.close('flooding');
  connection.socket.terminate();
}

/** Counts the bytes that come before hello is answered, whatever they are: frames, parts of one, pings. */
function countUntilHello(stream: Duplex, onTooMany: () => void): { stop(): void } {
  let bytes = 0;
  const count = (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= limits.helloBytes) return;
    stop();
    onTooMany();
  };
  const stop = () => stream.removeListener('data', count);
  // Before ws reads them: what is too much is not looked at.
  stream.prependListener('data', count);
  return { stop };
}
