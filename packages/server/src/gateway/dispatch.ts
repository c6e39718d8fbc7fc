import {
  type CommandType,
  type ErrorCode,
  FrameError,
  ParleyError,
  parseRequest,
  type Request,
} from '@parley/protocol';
import type { Logger } from 'pino';
import { AccessEnded } from '../access/access-ended.ts';
import { failureKind } from '../db/failure.ts';
import { isGuess } from '../doors/is-guess.ts';
import type { TroubleLog } from '../doors/trouble-log.ts';
import { answerInTime } from '../limits/answer-in-time.ts';
import { bounds } from '../limits/bounds.ts';
import type { FairTurns } from '../limits/fair-turns.ts';
import type { Limits } from '../limits/limits.ts';
import type { UnderWay } from '../limits/under-way.ts';
import { type Commands, runCommand } from './commands.ts';
import type { Connection } from './connection.ts';

const retryAfterMs = 1_000;

interface DispatchParts {
  readonly commands: Commands;
  readonly limits: Limits;
  /** Turns at the database, taken by tenants. */
  readonly turns: FairTurns;
  readonly underWay: UnderWay;
  readonly trouble: TroubleLog;
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
  const frame: { request?: Request } = {};
  const answer = () => {
    frame.request = parseRequest(text);
    return run(parts, connection, frame.request);
  };
  const lane = laneOf(connection);
  const hasRoom = parts.underWay.enter(lane, text.length);
  intake.begin();
  try {
    if (!hasRoom) throw new ParleyError('unavailable', { retryAfterMs });
    if (intake.isPassing) await intake.passed();
    const permission = limitFrames(parts.limits, connection);
    const answering = permission === undefined ? answer() : intake.pass(permission, answer);
    const isSend = frame.request?.type === 'message.send';
    // Sends have a time of their own.
    const isInTime = isSend || !(answering instanceof Promise);
    const result = await (isInTime ? answering : answerInTime(answering));
    const id = frame.request?.id;
    if (id !== undefined) connection.reply({ id, result });
  } catch (error) {
    const { request } = frame;
    const id = error instanceof FrameError ? error.id : (request?.id ?? idOf(error, text));
    const telling = asTold(error, parts, connection, request?.type);
    // Without waiting where nobody is asked: replies keep the order of their requests.
    const told = telling instanceof Promise ? await telling : telling;
    if (told.code === 'rate_limited') intake.slowDown(told.retryAfterMs ?? 0);
    // What asked for no reply gets none: a late typing sign is nobody's problem.
    if (request !== undefined && request.id === undefined) return;
    connection.reply({ ...(id === undefined ? {} : { id }), error: told.toWire() });
    if (request === undefined && hasRoom) refuse(connection, told);
    if (request?.type === 'hello' && isBadToken(error)) {
      // 4001: come back with another. Not before: the answer may have had to wait.
      setImmediate(() => connection.close('unauthorized'));
    }
    // Else a late yes would open it, although no was said.
    if (request?.type === 'hello' && told.code === 'unavailable') {
      setImmediate(() => connection.close('overloaded'));
    }
  } finally {
    if (hasRoom) parts.underWay.leave(lane, text.length);
    intake.finish();
  }
}

/** Whose room a request takes: the tenant's, once it is known. */
function laneOf({ state }: Connection): string {
  return state.status === 'open' ? state.scope.tenant : '';
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
    const permission = spendSend(parts, connection, tenant);
    return permission === undefined ? work() : connection.intake.pass(permission, work);
  }
  if (type === 'typing' || type === 'ping') return work();
  // Those who come back together share their questions, and these take turns.
  if (type === 'sync') return connection.intake.turns.take(work);
  // Turns twice: one connection must not take its person's others, nor a tenant all others'.
  return connection.intake.turns.take(() => parts.turns.take(tenant, work));
}

/** Counts a message of a person and of their tenant; see `limitFrames`. */
function spendSend(
  { limits }: DispatchParts,
  { personKey }: Connection,
  tenant: string,
): Promise<void> | undefined {
  const spendTenant = () => limits.spend('tenantSends', tenant);
  const person = limits.spend('personSends', personKey);
  return person === undefined ? spendTenant() : person.then(spendTenant);
}

/**
 * Counts a frame. Throws `rate_limited` when there were too many; answers a promise, which may reject
 * so, where other nodes are asked.
 */
function limitFrames(limits: Limits, connection: Connection): Promise<void> | undefined {
  const { intake, personKey } = connection;
  if (connection.state.status !== 'open') {
    if (++intake.framesBeforeHello === bounds.framesBeforeHello) connection.close('flooding');
    return undefined;
  }
  const retryAfterMs = limits.takeIn(intake.frames, 'connectionFrames');
  if (retryAfterMs > 0) throw new ParleyError('rate_limited', { retryAfterMs });
  return limits.spend('personRequests', personKey);
}

/** With these a frame is refused before it is read. */
const unread: readonly ErrorCode[] = ['rate_limited', 'unavailable'];

/** The id of a frame that was refused unread, so that its sender learns which it was. */
function idOf(error: unknown, text: string): number | undefined {
  if (!(error instanceof ParleyError) || !unread.includes(error.code)) return undefined;
  try {
    return parseRequest(text).id;
  } catch (unreadable) {
    return unreadable instanceof FrameError ? unreadable.id : undefined;
  }
}

function isBadToken(error: unknown): boolean {
  return (
    error instanceof ParleyError && error.code === 'unauthorized' && !(error instanceof AccessEnded)
  );
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
  parts: DispatchParts,
  connection: Connection,
  type: CommandType | undefined,
): ParleyError | Promise<ParleyError> {
  const isTry = type === undefined || type === 'hello' || type === 'token.refresh';
  const told = asParleyError(error, parts, type);
  return isTry && isGuess(error) ? asGuess(told, parts, connection) : told;
}

async function asGuess(
  told: ParleyError,
  { limits }: DispatchParts,
  { address }: Connection,
): Promise<ParleyError> {
  const waitMs = await limits.take('addressFailures', address);
  if (waitMs === 0) return told;
  return new ParleyError('rate_limited', { retryAfterMs: waitMs, cause: told });
}

function asParleyError(
  error: unknown,
  { trouble, log }: DispatchParts,
  type: CommandType | undefined,
): ParleyError {
  if (error instanceof ParleyError) return error;
  const kind = failureKind(error);
  if (kind === 'unavailable' || kind === 'contended') {
    trouble.warn({ err: error, command: type }, 'the database does not answer');
    return new ParleyError('unavailable', { retryAfterMs, cause: error });
  }
  log.error({ err: error, command: type }, 'command failed');
  return new ParleyError('internal', { cause: error });
}
