import { limits, ParleyError } from '@parley/protocol';
import type { MiddlewareHandler } from 'hono';
import { checkJson } from './check-json.ts';
import type { HttpEnv } from './parts.ts';

const json = /^application\/json *(?:; *charset="?utf-8"? *)?$/i;

/**
 * Reads the body as JSON of at most `maxBytes`, 64 KiB unless told, before anything looks at it.
 *
 * Stops reading at the first byte too many, whatever Content-Length said. Throws `too_large`,
 * `unsupported_media_type` or `bad_request`. With `emptyAllowed`, no body at all counts as `{}`;
 * with `withinMs`, it has to be there within that time.
 */
export function jsonBody(
  options: {
    readonly emptyAllowed?: boolean;
    readonly maxBytes?: number;
    readonly withinMs?: number;
  } = {},
): MiddlewareHandler<HttpEnv> {
  const { emptyAllowed = false, maxBytes = limits.frameBytes, withinMs } = options;
  return async function readJsonBody(c, next) {
    const reading = readText(c.req.raw, emptyAllowed, maxBytes);
    const text = await (withinMs === undefined ? reading : inTime(reading, withinMs));
    checkJson(text);
    // The stream is spent: the route's validators read what came out of it.
    const headers = new Headers(c.req.raw.headers);
    headers.set('Content-Type', 'application/json');
    c.req.raw = new Request(c.req.url, { method: c.req.method, headers, body: text });
    return next();
  };
}

/** Of somebody whom nobody knows, a body is not waited for as long as of others. */
async function inTime(reading: Promise<string>, ms: number): Promise<string> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const message = 'The body did not arrive in time. Send it at once.';
  const timer = setTimeout(() => reject(new ParleyError('bad_request', { message })), ms);
  try {
    return await Promise.race([reading, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function readText(
  { headers, body }: Request,
  emptyAllowed: boolean,
  maxBytes: number,
): Promise<string> {
  const type = headers.get('Content-Type');
  if (type === null && emptyAllowed && (await isEmpty(body))) return '{}';
  const packed = (headers.get('Content-Encoding') ?? 'identity') !== 'identity';
  if (type === null || !json.test(type) || packed) throw new ParleyError('unsupported_media_type');
  if (Number(headers.get('Content-Length') ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const text = decode(await readBounded(body, maxBytes));
  return text === '' && emptyAllowed ? '{}' : text;
}

async function isEmpty(body: ReadableStream<Uint8Array> | null): Promise<boolean> {
  for await (const chunk of chunksOf(body)) if (chunk.byteLength > 0) return false;
  return true;
}

async function readBounded(
  body: ReadableStream<Uint8Array> | null,
  maxBytes: number,
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunksOf(body)) {
    size += chunk.byteLength;
    if (size > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Somebody who hangs up in the middle is no fault of ours. */
async function* chunksOf(body: ReadableStream<Uint8Array> | null): AsyncGenerator<Uint8Array> {
  if (body === null) return;
  try {
    yield* body;
  } catch (cause) {
    throw new ParleyError('bad_request', { message: 'The body ended early.', cause });
  }
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new ParleyError('bad_request', { message: 'The body is not UTF-8.', cause });
  }
}

function tooLarge(maxBytes: number): ParleyError {
  return new ParleyError('too_large', {
    message: `A body has at most ${maxBytes / 1024} KiB. Send less.`,
  });
}
