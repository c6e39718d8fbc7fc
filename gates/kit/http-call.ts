import { request } from 'node:http';

export interface HttpCall {
  readonly bearer?: string;
  /** What is not a string or Buffer is sent as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** The address to come from: any of 127.0.0.0/8. */
  readonly from?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
  /** The body parsed, where it is JSON. */
  readonly body: unknown;
}

const answerMs = 30_000;

/** One HTTP call to this machine, on a connection of its own. */
export function httpCall(
  port: number,
  method: string,
  path: string,
  { bearer, body, headers = {}, from }: HttpCall = {},
): Promise<Answer> {
  const sent =
    body === undefined || typeof body === 'string' || Buffer.isBuffer(body)
      ? body
      : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const call = request(
      {
        port,
        host: '127.0.0.1',
        method,
        path,
        agent: false,
        timeout: answerMs,
        ...(from === undefined ? {} : { localAddress: from }),
        headers: {
          ...(sent === undefined
            ? {}
            : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(sent) }),
          ...(bearer === undefined ? {} : { Authorization: `Bearer ${bearer}` }),
          ...headers,
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          const type = response.headers['content-type'] ?? '';
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text,
            body: type.includes('json') && text !== '' ? JSON.parse(text) : undefined,
          });
        });
      },
    );
    call.on('error', reject);
    call.on('timeout', () => call.destroy(new Error(`no answer to ${method} ${path}`)));
    call.end(sent);
  });
}

/** A field of an answer, by path: `conversation.id`. Throws when it is no text. */
export function textAt(body: unknown, path: string): string {
  let value = body;
  for (const key of path.split('.')) {
    value =
      typeof value === 'object' && value !== null
        ? Object.entries(value).find(([name]) => name === key)?.[1]
        : undefined;
  }
  if (typeof value === 'string') return value;
  throw new Error(`no text at ${path} in ${JSON.stringify(body)}`);
}
