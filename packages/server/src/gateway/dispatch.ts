import {
  type CommandType,
  FrameError,
  ParleyError,
  parseRequest,
  type Request,
} from '@parley/protocol';
import type { Logger } from 'pino';
import { failureKind } from '../db/failure.ts';
import { isGuess } from '../doors/is-guess.ts';
import { bounds } from '../limits/bounds.ts';
import type { FairTurns } from '../limits/fair-turns.ts';
import type { Limits } from '../limits/limits.ts';
import { type Commands, runCommand } from './commands.ts';
import type { Connection } from './connection.ts';

interface DispatchParts {
  readonly commands: Commands;
  readonly limits: Limits;
  /** Turns at the database, taken by tenants. */
  readonly turns: FairTurns;
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
  const { intake } = connection;
  let request: Request | undefined;
  intake.begin();
  try {
    limitFrames(parts.limits, connection);
    request = parseRequest(text);
    const result = await run(parts, connection, request);
    if (request.id !== undefined) connection.reply({ id: request.id, result });
  } catch (error) {
    const id = error instanceof FrameError ? error.id : (request?.id ?? idOf(error, text));
    const told = asTold(error, parts, connection, request?.type);
    if (told.code === 'rate_limited') intake.slowDown(told.retryAfterMs ?? 0);
    // What asked for no reply gets none: a late typing sign is nobody's problem.
    if (request !== undefined && request.id === undefined) return;
    connection.reply({ ...(id === undefined ? {} : { id }), error: told.toWire() });
    if (request === undefined) refuse(connection, told);
  } finally {
    intake.finish();
  }
}

function run(
  parts: DispatchParts,
  connection: Connection,
  request: Request,
): ReturnType<typeof runCommand> {
  const { type } = request;
  const { state } = connection;
  const work = () => runCommand(parts.commands, connection, request);
  if (type === 'hello') return connection.greet(work);
  if (state.status !== 'open') return work();
  const { tenant } = state.scope;
  if (type === 'message.send') {
    parts.limits.spend('personSends', connection.personKey);
    parts.limits.spend('tenantSends', tenant);
    return work();
  }
  if (type === 'typing' || type === 'ping') return work();
  // Turns twice: one connection must not take its person's others, nor a tenant all others'.
  return connection.intake.turns.take(() => parts.turns.take(tenant, work));
}

/** Counts a frame. Throws `rate_limited` when there were too many. */
function limitFrames(limits: Limits, connection: Connection): void {
  const { intake, personKey } = connection;
  if (connection.state.status !== 'open') {
    if (++intake.framesBeforeHello === bounds.framesBeforeHello) connection.close('flooding');
    return;
  }
  const retryAfterMs = limits.takeIn(intake.frames, 'connectionFrames');
  if (retryAfterMs > 0) throw new ParleyError('rate_limited', { retryAfterMs });
  limits.spend('personRequests', personKey);
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
  else if (++connection.intake.refusedFrames === bounds.refusedFrames) connection.close('flooding');
}

/**
 * The error as its sender hears it. Who brings one bad token after another hears how long to wait
 * instead; a good one is taken all the while, since behind one address there may be many people.
 */
function asTold(
  error: unknown,
  { limits, log }: DispatchParts,
  connection: Connection,
  type: CommandType | undefined,
): ParleyError {
  const isTry = type === undefined || type === 'hello' || type === 'token.refresh';
  if (isTry && isGuess(error)) {
    const retryAfterMs = limits.take('addressFailures', connection.address);
    if (retryAfterMs > 0) return new ParleyError('rate_limited', { retryAfterMs, cause: error });
  }
  return asParleyError(error, log, type);
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
