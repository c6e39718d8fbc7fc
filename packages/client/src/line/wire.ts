import {
  type CommandInput,
  type CommandType,
  type ErrorCode,
  isErrorCode,
  ParleyError,
  type ServerEvent,
} from '@parley/protocol';

/** What a command's input is on the wire: where the server reads a Map, an object is sent. */
export type Outgoing<T extends CommandType> = Wire<CommandInput<T>>;

type Wire<T> =
  T extends ReadonlyMap<string, infer V>
    ? Readonly<Record<string, V>>
    : T extends readonly (infer I)[]
      ? readonly I[]
      : T extends object
        ? { readonly [K in keyof T]: Wire<T[K]> }
        : T;

/** A frame from the server, as far as the line needs to know it. */
export type Incoming =
  | { readonly type: 'result'; readonly id: number; readonly result: unknown }
  | { readonly type: 'error'; readonly id: number; readonly error: ParleyError }
  | { readonly type: 'event'; readonly event: ServerEvent }
  | { readonly type: 'other' };

/** Reads a frame's envelope. What it holds is the server's word, which is trusted to have its form. */
export function readFrame(text: string): Incoming {
  let frame: unknown;
  try {
    frame = JSON.parse(text);
  } catch {
    // Not ours; a frame that nobody understands is as good as none.
    return { type: 'other' };
  }
  if (!isObject(frame)) return { type: 'other' };
  if (typeof frame['event'] === 'string') {
    // The one place where the server's typed event comes back out of JSON.
    return { type: 'event', event: frame as unknown as ServerEvent };
  }
  const { id, result, error } = frame;
  if (typeof id !== 'number') return { type: 'other' };
  if (isObject(error)) return { type: 'error', id, error: readError(error) };
  return { type: 'result', id, result };
}

function readError(error: Readonly<Record<string, unknown>>): ParleyError {
  const { code, message, retryable, retry_after_ms, field } = error;
  return new ParleyError(isErrorCode(code) ? code : unknownCode(retryable), {
    ...(typeof message === 'string' ? { message } : {}),
    ...(typeof retry_after_ms === 'number' ? { retryAfterMs: retry_after_ms } : {}),
    ...(typeof field === 'string' ? { field } : {}),
  });
}

/** A newer server's code: what matters is whether trying again may help. */
function unknownCode(retryable: unknown): ErrorCode {
  return retryable === true ? 'unavailable' : 'bad_request';
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
