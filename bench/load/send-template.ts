import { newId } from '@parley/protocol';
import { maskedFrame, opcodes, payloadStart } from './masked-frame.ts';

/** Request ids of sends start here, so that all have ten digits. */
export const firstRequestId = 1_000_000_000;

const idDigits = 10;
const numberDigits = 12;

/**
 * One sender's `message.send`, encoded once; for each message only its number is written in.
 *
 * The number stands in the request id and in the last 12 digits of the message's id, where replies
 * and events give it back.
 */
export class SendTemplate {
  readonly #frame: Buffer;
  readonly #mask: Buffer;
  readonly #payload: number;
  readonly #requestAt: number;
  readonly #numberAt: number;

  constructor(conversation: string, body: string) {
    const id = newId().slice(0, -numberDigits) + '0'.repeat(numberDigits);
    const text = JSON.stringify({
      id: firstRequestId,
      type: 'message.send',
      conversation,
      message: { id, body },
    });
    this.#frame = maskedFrame(opcodes.text, Buffer.from(text));
    this.#payload = payloadStart(this.#frame);
    this.#mask = this.#frame.subarray(this.#payload - 4, this.#payload);
    this.#requestAt = text.indexOf(String(firstRequestId));
    this.#numberAt = text.indexOf(id) + id.length - numberDigits;
  }

  /** The frame of message number `n`: a buffer of its own, to be written as it is. */
  frame(n: number): Buffer {
    const frame = Buffer.from(this.#frame);
    this.#write(frame, this.#requestAt, String(firstRequestId + n).padStart(idDigits, '0'));
    this.#write(frame, this.#numberAt, n.toString(16).padStart(numberDigits, '0'));
    return frame;
  }

  #write(frame: Buffer, at: number, text: string): void {
    for (let i = 0; i < text.length; i++) {
      frame[this.#payload + at + i] = text.charCodeAt(i) ^ (this.#mask[(at + i) & 3] ?? 0);
    }
  }
}
