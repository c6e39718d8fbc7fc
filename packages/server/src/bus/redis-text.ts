import { z } from 'zod';
import type { BusMessage } from './bus.ts';

/** What came over the wire: who sent it, and what of it is understood here. */
export interface HeardText {
  readonly node: string;
  readonly messages: readonly BusMessage[];
  /** Messages that are none, or of a newer version's kind. */
  readonly odd: number;
}

/** Grows when older nodes could no longer read what is written here. */
const format = 1;

/**
 * One publication as text: a line about the messages, then their frames.
 *
 * Frames are the most of it; they stand as they are, so that nothing of them is escaped or parsed.
 */
export function writeBusText(node: string, messages: readonly BusMessage[]): string {
  const told = messages.map((message) =>
    'frame' in message ? { ...message, frame: message.frame.length } : message,
  );
  const frames = messages.map((message) => ('frame' in message ? message.frame : ''));
  return `${JSON.stringify([format, node, told])}\n${frames.join('')}`;
}

/** Reads a publication; nothing when it is none. Whoever reaches Redis could have written it. */
export function readBusText(text: string): HeardText | undefined {
  const end = text.indexOf('\n');
  const head = headSchema.safeParse(parsed(text.slice(0, Math.max(end, 0))));
  if (!head.success) return undefined;
  const [, node, told] = head.data;
  const messages: BusMessage[] = [];
  let at = end + 1;
  for (const one of told) {
    const read = messageSchema.safeParse(one);
    const frame = text.slice(at, at + lengthOf(one));
    at += frame.length;
    if (!read.success) continue;
    const { data } = read;
    if (!('frame' in data)) messages.push(data);
    else if (frame.length === data.frame) messages.push({ ...data, frame });
  }
  return { node, messages, odd: told.length - messages.length };
}

const length = z.int().nonnegative();
const id = z.string();

const endSchema = z.discriminatedUnion('reason', [
  z.object({ reason: z.enum(['revoked', 'deactivated']), issuedBefore: z.number() }),
  z.object({ reason: z.literal('suspended') }),
  z.object({ reason: z.literal('key'), registration: id }),
]);

const messageSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('change'),
    version: length,
    prev: length,
    seq: length.exactOptional(),
    left: id.exactOptional(),
    sender: id.exactOptional(),
    frame: length,
  }),
  z.object({
    type: z.literal('fleeting'),
    except: z.array(id).exactOptional(),
    sender: id.exactOptional(),
    only: id.exactOptional(),
    frame: length,
  }),
  z.object({
    type: z.literal('presence'),
    user: id,
    online: z.boolean(),
    lastSeenAt: z.string().nullable(),
    turn: length,
    except: z.array(id),
  }),
  z.object({
    type: z.literal('joined'),
    conversation: id,
    version: length,
    lastSeq: length,
    me: length,
    frame: length,
  }),
  z.object({
    type: z.literal('left'),
    conversation: id,
    version: length,
    me: length,
    frame: length,
  }),
  z.object({ type: z.literal('access'), ended: endSchema }),
  z.object({ type: z.literal('block'), user: id, blocked: z.boolean(), me: length, frame: length }),
  z.object({ type: z.literal('direct-block'), blocked: z.boolean() }),
  z.object({ type: z.literal('reach') }),
]);

const headSchema = z.tuple([z.literal(format), id, z.array(z.unknown())]);

/** Also of a message that is not understood: what follows it stands behind its frame. */
function lengthOf(told: unknown): number {
  if (typeof told !== 'object' || told === null || !('frame' in told)) return 0;
  const read = length.safeParse(told.frame);
  return read.success ? read.data : 0;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
