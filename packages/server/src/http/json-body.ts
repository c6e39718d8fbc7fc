import { limits, ParleyError } from '@parley/protocol';
import type { MiddlewareHandler } from 'hono';
import type { HttpEnv } from './parts.ts';

const json = /^application\/json *(?:; *charset="?utf-8"? *)?$/i;

/**
 * Reads the body as JSON of at most 64 KiB, before anything looks at it.
 *
 * Stops reading at the first byte too many, whatever Content-Length said. Throws `too_large`,
 * `unsupported_media_type` or `bad_request`. With `emptyAllowed`, no body at all counts as `{}`.
 */
export function jsonBody(
  options: { readonly emptyAllowed?: boolean } = {},
): MiddlewareHandler<HttpEnv> {
  return async function readJsonBody(c, next) {
    const text = await readText(c.req.raw, options.emptyAllowed ?? false);
    try {
      JSON.parse(text);
    } catch (cause) {
      throw new ParleyError('bad_request', { message: 'The body is not JSON.', cause });
    }
    // The stream is spent: the route's validators read what came out of it.
    const headers = new Headers(c.req.raw.headers);
    headers.set('Content-Type', 'application/json');
    c.req.raw = new Request(c.req.url, { method: c.req.method, headers, body: text });
    return next();
  };
}

async function readText({ headers, body }: Request, emptyAllowed: boolean): Promise<string> {
  const type = headers.get('Content-Type');
  if (type === null && emptyAllowed && (await isEmpty(body))) return '{}';
  const packed = (headers.get('Content-Encoding') ?? 'identity') !== 'identity';
  if (type === null || !json.test(type) || packed) throw new ParleyError('unsupported_media_type');
  if (Number(headers.get('Content-Length') ?? 0) > limits.frameBytes) throw tooLarge();
  const text = decode(await readBounded(body));
  return text === '' && emptyAllowed ? '{}' : text;
}

async function isEmpty(body: ReadableStream<Uint8Array> | null): Promise<boolean> {
  for await (const chunk of chunksOf(body)) if (chunk.byteLength > 0) return false;
  return true;
}

async function readBounded(body: ReadableStream<Uint8Array> | null): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunksOf(body)) {
    size += chunk.byteLength;
    if (size > limits.frameBytes) throw tooLarge();
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

function tooLarge(): ParleyError {
  return new ParleyError('too_large', {
    message: `A body has at most ${limits.frameBytes / 1024} KiB. Send less.`,
  });
}
