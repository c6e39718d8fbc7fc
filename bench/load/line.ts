import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { FrameReader, type OnFrame } from './frame-reader.ts';
import { maskedFrame, opcodes } from './masked-frame.ts';

const helloId = 1;
const answerMs = 30_000;
const headersEnd = Buffer.from('\r\n\r\n');
/** One for all sockets: what was read is dealt with before the next read. */
const readBuffer = Buffer.allocUnsafe(256 * 1024);

/** A raw WebSocket that has said hello: bytes on a TCP socket, no library between. */
export class Line {
  readonly #socket: Socket;
  readonly #frames = new FrameReader();
  #hear: (bytes: Buffer) => void = () => {};
  #onText: OnFrame = () => {};
  #onEnd: (why: string) => void = () => {};

  /** Connects, upgrades and says hello with this token. */
  static async open(port: number, token: string): Promise<Line> {
    const line = new Line(port);
    const late = setTimeout(() => line.#socket.destroy(new Error('no answer')), answerMs);
    await line.#upgrade(port);
    await line.#hello(token);
    clearTimeout(late);
    return line;
  }

  private constructor(port: number) {
    this.#socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        buffer: readBuffer,
        callback: (length, buffer) => {
          this.#hear(Buffer.from(buffer.buffer, buffer.byteOffset, length));
          return true;
        },
      },
    });
    this.#socket.on('error', (error) => this.#onEnd(error.message));
    this.#socket.on('close', () => this.#onEnd('the server closed a connection'));
  }

  /** From now on `onText` gets the text frames; `onEnd` hears why the connection is gone. */
  listen(onText: OnFrame, onEnd: (why: string) => void): void {
    this.#onText = onText;
    this.#onEnd = onEnd;
  }

  /** Writes a frame that is masked already. */
  write(frame: Buffer): void {
    this.#socket.write(frame);
  }

  #upgrade(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      let head = Buffer.alloc(0);
      this.#onEnd = (why) => reject(new Error(why));
      this.#hear = (bytes) => {
        head = Buffer.concat([head, bytes]);
        const end = head.indexOf(headersEnd);
        if (end < 0) return;
        const [status = ''] = head.toString('latin1').split('\r\n');
        if (!status.includes(' 101 ')) reject(new Error(`the upgrade was answered: ${status}`));
        this.#hear = (more) => this.#frames.read(more, this.#onFrame);
        this.#hear(head.subarray(end + headersEnd.length));
        resolve();
      };
      this.#socket.write(
        'GET /v1/ws HTTP/1.1\r\n' +
          `Host: 127.0.0.1:${port}\r\n` +
          'Connection: Upgrade\r\n' +
          'Upgrade: websocket\r\n' +
          'Sec-WebSocket-Version: 13\r\n' +
          `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`,
      );
    });
  }

  #hello(token: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.listen(
        (_, bytes, start, end) => {
          const text = bytes.toString('utf8', start, end);
          if (text.startsWith(`{"id":${helloId},"result"`)) resolve();
          else reject(new Error(`hello was answered: ${text}`));
        },
        (why) => reject(new Error(why)),
      );
      const hello = JSON.stringify({ id: helloId, type: 'hello', token, client: 'bench/1.0' });
      this.write(maskedFrame(opcodes.text, Buffer.from(hello)));
    });
  }

  readonly #onFrame: OnFrame = (opcode, bytes, start, end) => {
    switch (opcode) {
      case opcodes.text:
        this.#onText(opcode, bytes, start, end);
        break;
      case opcodes.ping:
        this.write(maskedFrame(opcodes.pong, bytes.subarray(start, end)));
        break;
      case opcodes.close:
        this.#onEnd(`closed with ${bytes.readUInt16BE(start)}`);
        break;
    }
  };
}
