import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ErrorCode, errors, newId } from '@parley/protocol';
import { closedHeaders } from './door-headers.ts';

/** A refusal that is written without the HTTP application: before it, or instead of an upgrade. */
export interface RawRefusal {
  readonly code: ErrorCode;
  /** HTTP's own status where it says more than the code's. */
  readonly status?: number;
  readonly message?: string;
  readonly retryAfterMs?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

type Headers = Readonly<Record<string, string>>;

/** The client has this long to read why it is refused and to go. */
const lingerMs = 500;

/** Writes a problem document where there is only a stream, and ends it. `always`: on every answer. */
export function answerRaw(stream: Duplex, refusal: RawRefusal, always: Headers): void {
  const { status, headers, body } = problemOf(refusal, always);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  stream.on('error', () => stream.destroy());
  stream.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`);
  // What still arrives is thrown away: unread, it would take the answer with it when we close.
  stream.resume();
  setTimeout(() => stream.destroy(), lingerMs).unref();
}

/** The same as the answer to a request that was read. */
export function answerPlain(response: ServerResponse, refusal: RawRefusal, always: Headers): void {
  const { status, headers, body } = problemOf(refusal, always);
  response.writeHead(status, headers).end(body);
}

/** The same as a `Response`. */
export function answerOf(refusal: RawRefusal, always: Headers): Response {
  const { status, headers, body } = problemOf(refusal, always);
  return new Response(body, { status, headers });
}

function problemOf(refusal: RawRefusal, always: Headers) {
  const { code, retryAfterMs } = refusal;
  const { status = errors[code].status, message = errors[code].message } = refusal;
  const requestId = newId();
  const body = JSON.stringify({
    type: `urn:parley:error:${code}`,
    title: STATUS_CODES[status],
    status,
    detail: message,
    code,
    retryable: errors[code].retryable,
    ...(retryAfterMs === undefined ? {} : { retry_after_ms: retryAfterMs }),
    request_id: requestId,
  });
  const retryAfter = Math.ceil((retryAfterMs ?? 0) / 1_000);
  const headers = {
    ...always,
    ...closedHeaders,
    ...refusal.headers,
    ...(retryAfterMs === undefined ? {} : { 'Retry-After': String(retryAfter) }),
    'X-Request-Id': requestId,
    'Content-Type': 'application/problem+json',
    'Content-Length': String(Buffer.byteLength(body)),
    Connection: 'close',
  };
  return { status, headers, body };
}
