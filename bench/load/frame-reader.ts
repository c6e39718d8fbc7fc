/** Gets one whole frame; the bytes are only valid during the call. */
export type OnFrame = (opcode: number, bytes: Buffer, start: number, end: number) => void;

const none = Buffer.alloc(0);

/** Cuts what a WebSocket server sends into frames (RFC 6455, 5.2): unmasked, never fragmented. */
export class FrameReader {
  #rest: Buffer = none;

  /** Takes the next bytes; they may be overwritten afterwards. */
  read(chunk: Buffer, onFrame: OnFrame): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    for (;;) {
      const left = bytes.length - at;
      if (left < 2) break;
      let length = (bytes[at + 1] ?? 0) & 0x7f;
      let header = 2;
      if (length === 126) {
        if (left < 4) break;
        length = bytes.readUInt16BE(at + 2);
        header = 4;
      } else if (length === 127) {
        if (left < 10) break;
        length = Number(bytes.readBigUInt64BE(at + 2));
        header = 10;
      }
      if (left < header + length) break;
      onFrame((bytes[at] ?? 0) & 0x0f, bytes, at + header, at + header + length);
      at += header + length;
    }
    this.#rest = at === bytes.length ? none : Buffer.from(bytes.subarray(at));
  }
}
