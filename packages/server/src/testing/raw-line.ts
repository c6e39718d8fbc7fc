import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** What came back on a raw line, as far as it is an HTTP answer. */
export interface RawAnswer {
  readonly status: number;
  /** By lower-case name; of one that came twice, both joined. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** A TCP connection on which a test writes what no client would. */
export class RawLine {
  readonly socket: Socket;
  /** Everything that came, as Latin-1. */
  received = '';
  /** Milliseconds after which the other side closed it. */
  readonly closed: Promise<number>;

  static async open(url: string): Promise<RawLine> {
    const { port, hostname } = new URL(url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    return new RawLine(socket);
  }

  private constructor(socket: Socket) {
    this.socket = socket;
    const opened = performance.now();
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      this.received += text;
    });
    // A reset is an end as good as any.
    socket.on('error', () => {});
    this.closed = new Promise((resolve) => {
      const end = () => resolve(performance.now() - opened);
      socket.once('end', end).once('close', end);
    });
  }

  write(data: string | Buffer): void {
    this.socket.write(data);
  }

  /** Settles when this much has come, or nothing more will. */
  async has(text: string): Promise<void> {
    while (!this.received.includes(text) && !this.socket.destroyed) {
      await Promise.race([once(this.socket, 'data'), this.closed]);
      if (this.socket.readableEnded) return;
    }
  }

  /** Becomes a WebSocket; `more` are header lines. */
  async upgrade(more = ''): Promise<void> {
    this.write(upgradeRequest(more));
    await this.has('\r\n\r\n');
  }

  /** The first HTTP answer. */
  answer(): RawAnswer {
    const [head = '', ...rest] = this.received.split('\r\n\r\n');
    const [first = '', ...lines] = head.split('\r\n');
    const headers = new Map<string, string>();
    for (const line of lines) {
      const at = line.indexOf(':');
      const name = line.slice(0, at).toLowerCase();
      const value = line.slice(at + 1).trim();
      const before = headers.get(name);
      headers.set(name, before === undefined ? value : `${before}, ${value}`);
    }
    return { status: Number(first.split(' ')[1]), headers, body: rest.join('\r\n\r\n') };
  }

  /** Code of the last close frame that came. */
  closeCode(): number | undefined {
    const bytes = Buffer.from(this.received, 'latin1');
    for (let at = bytes.length - 4; at >= 0; at--) {
      if (bytes[at] === 0x88) return bytes.readUInt16BE(at + 2);
    }
    return undefined;
  }

  end(): void {
    this.socket.destroy();
  }
}

/** A request for a WebSocket; `more` are header lines, each with its end. */
export function upgradeRequest(more = '', target = '/v1/ws'): string {
  return (
    `GET ${target} HTTP/1.1\r\nHost: chat.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${more}\r\n`
  );
}

/** A masked frame towards the server; the mask is zero. `declared`: another length than there is. */
export function rawFrame(opcode: number, payload: Buffer, fin = true, declared?: number): Buffer {
  const length = declared ?? payload.length;
  const head =
    length < 126
      ? Buffer.from([0, 0x80 | length])
      : length < 65_536
        ? Buffer.from([0, 0x80 | 126, length >> 8, length & 255])
        : Buffer.from([0, 0x80 | 127, 0, 0, 0, 0, ...lengthBytes(length)]);
  head[0] = (fin ? 0x80 : 0) | opcode;
  return Buffer.concat([head, Buffer.alloc(4), payload]);
}

function lengthBytes(length: number): number[] {
  return [24, 16, 8, 0].map((shift) => (length >>> shift) & 255);
}
