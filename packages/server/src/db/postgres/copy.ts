import type { Duplex } from 'node:stream';
import type { Client, Connection, Submittable } from 'pg';

/** Rows are gathered into pieces of about this size. */
const pieceBytes = 256 * 1024;

/** What waits to be read, at most; then PostgreSQL is left to wait. */
const waitingBytes = 4 * pieceBytes;

/**
 * Runs a `copy ... to stdout` and yields what it says, in pieces of whole rows.
 *
 * Memory stays bounded: nothing is read from the line while pieces wait. Leaving the loop early cuts
 * the session's connection, since a copy cannot be ended otherwise without reading it all.
 */
export async function* copyOut(session: Client, text: string): AsyncGenerator<Buffer, number> {
  const copy = new CopyOut(text);
  session.query(copy);
  let complete = false;
  try {
    for (;;) {
      const piece = await copy.next();
      if (piece === undefined) break;
      yield piece;
    }
    complete = true;
    return copy.rows;
  } catch (error) {
    complete = true;
    throw error;
  } finally {
    if (!complete) session.connection.stream.destroy();
  }
}

/**
 * Runs a `copy ... from stdin` with these pieces, wherever they are cut; answers how many rows it took.
 *
 * What the pieces throw ends the copy, and is thrown.
 */
export function copyIn(
  session: Client,
  text: string,
  pieces: AsyncIterable<Buffer> | Iterable<Buffer>,
): Promise<number> {
  return new Promise((resolve, reject) => {
    session.query(new CopyIn(text, pieces, resolve, reject));
  });
}

/** The driver's own name for what it hands over, which its types do not have. */
interface CopyData {
  readonly chunk: Buffer;
}

interface CommandComplete {
  readonly text: string;
}

class CopyOut implements Submittable {
  readonly #text: string;
  readonly #pieces: Buffer[] = [];
  #waiting = 0;
  #block = Buffer.alloc(0);
  #used = 0;
  #stream: Duplex | undefined;
  #state: 'open' | 'done' | { readonly error: Error } = 'open';
  #wake: () => void = () => {};
  rows = 0;

  constructor(text: string) {
    this.#text = text;
  }

  async next(): Promise<Buffer | undefined> {
    for (;;) {
      const piece = this.#pieces.shift();
      if (piece !== undefined) {
        this.#waiting -= piece.length;
        if (this.#waiting < waitingBytes) this.#stream?.resume();
        return piece;
      }
      if (this.#state === 'done') return undefined;
      if (this.#state !== 'open') throw this.#state.error;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  submit(connection: Connection): void {
    this.#stream = connection.stream;
    connection.query(this.#text);
  }

  /** One row. The driver uses its buffer again. */
  handleCopyData({ chunk }: CopyData): void {
    if (this.#used + chunk.length > this.#block.length) {
      this.#flush();
      this.#block = Buffer.allocUnsafe(Math.max(pieceBytes, chunk.length));
    }
    this.#used += chunk.copy(this.#block, this.#used);
    if (this.#waiting >= waitingBytes) this.#stream?.pause();
  }

  handleCommandComplete({ text }: CommandComplete): void {
    this.rows = rowsOf(text);
    this.#flush();
  }

  handleReadyForQuery(): void {
    if (this.#state === 'open') this.#state = 'done';
    this.#wake();
  }

  handleError(error: Error): void {
    this.#state = { error };
    this.#stream?.resume();
    this.#wake();
  }

  #flush(): void {
    if (this.#used === 0) return;
    this.#pieces.push(this.#block.subarray(0, this.#used));
    this.#waiting += this.#used;
    this.#block = Buffer.alloc(0);
    this.#used = 0;
    this.#wake();
  }
}

class CopyIn implements Submittable {
  readonly #text: string;
  readonly #pieces: AsyncIterable<Buffer> | Iterable<Buffer>;
  readonly #resolve: (rows: number) => void;
  readonly #reject: (error: unknown) => void;
  #rows = 0;
  #ended = false;
  /** What the pieces threw: the reason for the failure that PostgreSQL then tells. */
  #cause: { readonly error: unknown } | undefined;

  constructor(
    text: string,
    pieces: AsyncIterable<Buffer> | Iterable<Buffer>,
    resolve: (rows: number) => void,
    reject: (error: unknown) => void,
  ) {
    this.#text = text;
    this.#pieces = pieces;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  submit(connection: Connection): void {
    connection.query(this.#text);
  }

  handleCopyInResponse({ stream }: Connection): void {
    void this.#send(stream).catch((error: unknown) => {
      this.#cause = { error };
      const why = Buffer.from('given up\0');
      stream.write(Buffer.concat([head('f', why.length), why]));
    });
  }

  handleCommandComplete({ text }: CommandComplete): void {
    this.#rows = rowsOf(text);
  }

  handleReadyForQuery(): void {
    this.#ended = true;
    this.#resolve(this.#rows);
  }

  handleError(error: Error): void {
    this.#ended = true;
    this.#reject(this.#cause === undefined ? error : this.#cause.error);
  }

  async #send(stream: Duplex): Promise<void> {
    for await (const piece of this.#pieces) {
      if (this.#ended) return;
      // Not in one piece, which would be a copy of each.
      stream.write(head('d', piece.length));
      if (!stream.write(piece)) await drained(stream);
    }
    if (!this.#ended) stream.write(head('c', 0));
  }
}

/** Also when the line is lost: then PostgreSQL's failure tells. */
function drained(stream: Duplex): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stream.off('drain', done);
      stream.off('close', done);
      resolve();
    };
    stream.on('drain', done);
    stream.on('close', done);
    if (stream.destroyed) done();
  });
}

/** The head of a message of PostgreSQL's protocol, before so many bytes. */
function head(type: 'd' | 'c' | 'f', bytes: number): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, 'latin1');
  head.writeUInt32BE(bytes + 4, 1);
  return head;
}

/** From `COPY 17`. */
function rowsOf(command: string): number {
  return Number(/^COPY (\d+)$/.exec(command)?.[1] ?? Number.NaN);
}
