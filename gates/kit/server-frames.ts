import { opcode } from './client-frame.ts';

/** A frame of a server. */
export interface ServerFrame {
  readonly opcode: number;
  readonly payload: Buffer;
}

const known: readonly number[] = Object.values(opcode);
const longestControl = 125;

/** Cuts what a server sends into frames, and notes whatever RFC 6455 or our contract forbids it. */
export class ServerFrames {
  /** What is wrong with the frames so far. */
  readonly faults: string[] = [];
  readonly #onFrame: (frame: ServerFrame) => void;
  #chunks: Buffer[] = [];
  #length = 0;
  #needed = 2;
  #closed = false;

  constructor(onFrame: (frame: ServerFrame) => void) {
    this.#onFrame = onFrame;
  }

  read(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    if (this.#length < this.#needed) return;
    let bytes = Buffer.concat(this.#chunks);
    for (;;) {
      const size = sizeOf(bytes);
      this.#needed = size.total;
      if (bytes.length < size.total) break;
      this.#take(bytes.subarray(0, size.total), size.head);
      bytes = bytes.subarray(size.total);
    }
    this.#chunks = [bytes];
    this.#length = bytes.length;
  }

  /** Bytes of a frame that never came whole. */
  get rest(): number {
    return this.#length;
  }

  #take(bytes: Buffer, head: number): void {
    const [first = 0, second = 0] = bytes;
    const payload = bytes.subarray(head);
    const code = first & 0x0f;
    const control = code >= 8;
    if (this.#closed) this.faults.push('a frame after the close frame');
    if ((first & 0x70) !== 0) this.faults.push('a reserved bit is set');
    if ((second & 0x80) !== 0) this.faults.push('a frame of the server is masked');
    if (!known.includes(code)) this.faults.push(`the reserved opcode ${code}`);
    if ((first & 0x80) === 0 || code === opcode.continuation) this.faults.push('a fragment');
    if (code === opcode.binary) this.faults.push('a binary frame');
    if (control && payload.length > longestControl) this.faults.push('a long control frame');
    if (head !== (payload.length < 126 ? 2 : payload.length < 65_536 ? 4 : 10)) {
      this.faults.push(`${payload.length} bytes told with a header of ${head}`);
    }
    if (code === opcode.text && !isUtf8(payload)) this.faults.push('text that is not UTF-8');
    if (code === opcode.close) {
      this.#closed = true;
      if (payload.length === 1) this.faults.push('a close frame of one byte');
      if (!isUtf8(payload.subarray(2))) this.faults.push('a reason that is not UTF-8');
    }
    this.#onFrame({ opcode: code, payload: Buffer.from(payload) });
  }
}

function sizeOf(bytes: Buffer): { readonly head: number; readonly total: number } {
  const second = bytes[1];
  if (second === undefined) return { head: 2, total: 2 };
  const mask = (second & 0x80) === 0 ? 0 : 4;
  const short = second & 0x7f;
  if (short < 126) return { head: 2 + mask, total: 2 + mask + short };
  const head = (short === 126 ? 4 : 10) + mask;
  if (bytes.length < head) return { head, total: head };
  const length = short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  return { head, total: head + length };
}

function isUtf8(bytes: Buffer): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return true;
  } catch {
    // That is the answer.
    return false;
  }
}
