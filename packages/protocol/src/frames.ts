import {
  type CommandInput,
  type CommandResult,
  type CommandType,
  commands,
  isCommandType,
} from './commands.ts';
import { ParleyError, type WireError } from './errors.ts';
import type { ServerEvent } from './events.ts';

/** A request as read from the wire: its id when it wants a reply, and its typed input. */
export type Request = {
  readonly [T in CommandType]: {
    readonly id: number | undefined;
    readonly type: T;
    readonly input: CommandInput<T>;
  };
}[CommandType];

export type ReplyFrame<T extends CommandType = CommandType> =
  | { readonly id: number; readonly result: CommandResult<T> }
  | { readonly id?: number; readonly error: WireError };

export type ServerFrame = ReplyFrame | ServerEvent;

/** A frame that could not be read; `id` is told when there was one, so that the sender learns which. */
export class FrameError extends ParleyError {
  readonly id: number | undefined;

  constructor(error: ParleyError, id: number | undefined) {
    super(error.code, {
      message: error.message,
      ...(error.field === undefined ? {} : { field: error.field }),
    });
    this.id = id;
  }
}

/**
 * Reads one text frame from a client.
 *
 * Throws FrameError: `bad_request` for what is not JSON or has a wrong field, `unknown_type` for
 * a command that is not in the table.
 */
export function parseRequest(text: string): Request {
  let frame: unknown;
  try {
    frame = JSON.parse(text);
  } catch (cause) {
    throw new FrameError(
      new ParleyError('bad_request', { message: 'The frame is not JSON.', cause }),
      undefined,
    );
  }
  const id = requestId(frame);
  try {
    return typedRequest(frame, id);
  } catch (error) {
    if (error instanceof ParleyError) throw new FrameError(error, id);
    throw error;
  }
}

function requestId(frame: unknown): number | undefined {
  if (typeof frame !== 'object' || frame === null || !('id' in frame)) return undefined;
  return typeof frame.id === 'number' && Number.isSafeInteger(frame.id) ? frame.id : undefined;
}

function typedRequest(frame: unknown, id: number | undefined): Request {
  if (typeof frame !== 'object' || frame === null || Array.isArray(frame)) {
    throw new ParleyError('bad_request', { message: 'A frame is one JSON object.' });
  }
  if ('id' in frame && id === undefined) {
    throw new ParleyError('bad_request', { field: 'id', message: '`id` must be a whole number.' });
  }
  if (!('type' in frame) || typeof frame.type !== 'string') {
    throw new ParleyError('bad_request', { field: 'type', message: '`type` must name a command.' });
  }
  const { type } = frame;
  if (!isCommandType(type)) throw new ParleyError('unknown_type', { field: 'type' });
  if (id === undefined && type !== 'typing') {
    throw new ParleyError('bad_request', {
      field: 'id',
      message: '`id` is missing: a number that the reply repeats.',
    });
  }
  // The table pairs each type with its own reader, which the compiler cannot see through a union.
  return { id, type, input: commands[type](frame, '') } as Request;
}
