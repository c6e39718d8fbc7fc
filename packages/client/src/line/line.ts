import {
  type CommandResult,
  type CommandType,
  limits,
  ParleyError,
  type ServerEvent,
} from '@parley/protocol';
import type { Environment } from '../environment.ts';
import type { Transport } from '../transport/transport.ts';
import { type Outgoing, readFrame } from './wire.ts';

/** How long a reply may take. A request is given up then; whether it was done is not known. */
const replyMs = 15_000;
/** Without an answer or any other word for so long after a request, the line may be dead. */
const doubtMs = 4_000;

interface LineEvents {
  opened(): void;
  event(event: ServerEvent): void;
  closed(code: number, reason: string): void;
  /** A request waits, and nothing at all was heard since it was sent. */
  doubted(): void;
}

interface Pending {
  readonly settle: (reply: { readonly result: unknown } | { readonly error: ParleyError }) => void;
}

/** One connection: requests out, replies matched by id, events in. Ended once, for ever. */
export class Line {
  /** When the last frame came; the line was alive then. */
  heardAt: number;
  readonly #env: Environment;
  readonly #events: LineEvents;
  readonly #transport: Transport;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  #ended = false;

  constructor(env: Environment, address: string, events: LineEvents) {
    this.#env = env;
    this.#events = events;
    this.heardAt = env.now();
    this.#transport = env.connect(address, {
      opened: () => {
        if (!this.#ended) events.opened();
      },
      frame: (text) => this.#read(text),
      closed: (code, reason) => {
        if (this.#ended) return;
        this.#end();
        events.closed(code, reason);
      },
    });
  }

  /** Rejects with ParleyError: the server's, or `unavailable` when no answer came. */
  request<T extends CommandType>(
    type: T,
    input: Outgoing<T>,
    waitMs: number = replyMs,
  ): Promise<CommandResult<T>> {
    return new Promise((resolve, reject) => {
      if (this.#ended) throw lineLost();
      const id = ++this.#lastId;
      this.#send({ id, type, ...input });
      const { heardAt } = this;
      const noDoubt = this.#env.after(doubtMs, () => {
        if (this.heardAt === heardAt && !this.#ended) this.#events.doubted();
      });
      const callOff = this.#env.after(waitMs, () => {
        this.#pending.delete(id);
        noDoubt();
        reject(new ParleyError('unavailable', { message: 'The server did not answer in time.' }));
      });
      this.#pending.set(id, {
        settle: (reply) => {
          this.#pending.delete(id);
          noDoubt();
          callOff();
          if ('error' in reply) reject(reply.error);
          // The reply to this id has the form of this command's result.
          else resolve(reply.result as CommandResult<T>);
        },
      });
    });
  }

  /** Sends what gets no reply. */
  tell(input: Outgoing<'typing'>): void {
    if (!this.#ended) this.#send({ type: 'typing', ...input });
  }

  /** Ends it from here; `closed` is not called. */
  close(): void {
    if (this.#ended) return;
    this.#end();
    this.#transport.close();
  }

  #send(frame: object): void {
    const text = JSON.stringify(frame);
    // The server would close the line for it. A UTF-16 unit is at most three bytes: count rarely.
    if (text.length * 3 > limits.frameBytes) {
      const { length } = new TextEncoder().encode(text);
      if (length > limits.frameBytes) throw new ParleyError('too_large');
    }
    this.#transport.send(text);
  }

  #read(text: string): void {
    if (this.#ended) return;
    this.heardAt = this.#env.now();
    const frame = readFrame(text);
    switch (frame.type) {
      case 'event':
        this.#events.event(frame.event);
        break;
      case 'result':
      case 'error':
        this.#pending.get(frame.id)?.settle(frame);
        break;
      case 'other':
        break;
    }
  }

  #end(): void {
    this.#ended = true;
    for (const { settle } of [...this.#pending.values()]) settle({ error: lineLost() });
  }
}

function lineLost(): ParleyError {
  return new ParleyError('unavailable', {
    message: 'There is no connection to the server now. Try again when it is back.',
  });
}
