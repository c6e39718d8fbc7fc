import {
  type CommandType,
  FrameError,
  ParleyError,
  parseRequest,
  type Request,
} from '@parley/protocol';
import type { Logger } from 'pino';
import { failureKind } from '../db/failure.ts';
import { type Commands, runCommand } from './commands.ts';
import type { Connection } from './connection.ts';

/** Refusals after which a connection is taken for broken or hostile, and closed. */
const refusalsTolerated = 1_000;

interface DispatchParts {
  readonly commands: Commands;
  readonly log: Logger;
}

/**
 * Takes one text frame to its command and the answer back: the one catch of the socket side.
 *
 * Whatever a frame holds, the worst it does is an error reply or the end of its own connection.
 */
export async function dispatch(
  parts: DispatchParts,
  connection: Connection,
  text: string,
): Promise<void> {
  let request: Request | undefined;
  connection.begin();
  try {
    limitRate(connection);
    request = parseRequest(text);
    const asked = request;
    const run = () => runCommand(parts.commands, connection, asked);
    const result = asksDatabase(asked.type) ? await connection.turns.take(run) : await run();
    if (request.id !== undefined) connection.reply({ id: request.id, result });
  } catch (error) {
    const id = error instanceof FrameError ? error.id : (request?.id ?? idOf(error, text));
    // What asked for no reply gets none: a late typing sign is nobody's problem.
    if (request !== undefined && request.id === undefined) return;
    const told = asParleyError(error, parts.log, request?.type);
    connection.reply({ ...(id === undefined ? {} : { id }), error: told.toWire() });
    if (request === undefined) refuse(connection, told);
  } finally {
    connection.finish();
  }
}

/** Sends have a queue of their own, the append path; these others need no database, or no turn. */
function asksDatabase(type: CommandType): boolean {
  return type !== 'message.send' && type !== 'typing' && type !== 'ping' && type !== 'hello';
}

function limitRate(connection: Connection): void {
  const retryAfterMs = connection.rate.take(performance.now());
  if (retryAfterMs > 0) throw new ParleyError('rate_limited', { retryAfterMs });
}

/** The id of a frame that was refused unread, so that its sender learns which it was. */
function idOf(error: unknown, text: string): number | undefined {
  if (!(error instanceof ParleyError) || error.code !== 'rate_limited') return undefined;
  try {
    return parseRequest(text).id;
  } catch (unreadable) {
    return unreadable instanceof FrameError ? unreadable.id : undefined;
  }
}

function refuse(connection: Connection, error: ParleyError): void {
  const { state } = connection;
  if (state.status === 'greeting' && error.code === 'unauthorized')
    connection.close('unauthorized');
  else if (++connection.refusedFrames === refusalsTolerated) connection.close('flooding');
}

function asParleyError(error: unknown, log: Logger, type: CommandType | undefined): ParleyError {
  if (error instanceof ParleyError) return error;
  const kind = failureKind(error);
  if (kind === 'unavailable' || kind === 'contended') {
    log.warn({ err: error, command: type }, 'the database does not answer');
    return new ParleyError('unavailable', { retryAfterMs: 1_000, cause: error });
  }
  log.error({ err: error, command: type }, 'command failed');
  return new ParleyError('internal', { cause: error });
}
