import { DatabaseError } from 'pg';

/** The connection went away before the answer came: what was asked may or may not have been done. */
export class ConnectionLost extends Error {
  constructor(cause?: unknown) {
    super('The connection to PostgreSQL is lost.', { cause });
    this.name = 'ConnectionLost';
  }
}

/**
 * What a failed statement means for whoever asked.
 *
 * - `unavailable`: no database, or none that takes work now; the outcome may be unknown. Repeat later.
 * - `contended`: others were in the way (locks, deadlock, time limit). Repeat at once or soon.
 * - `data`: PostgreSQL refuses these values or what they break; repeating cannot help.
 * - `defect`: everything else, ours to mend.
 */
export type FailureKind = 'unavailable' | 'contended' | 'data' | 'defect';

/** Sorts an error thrown by a statement of ours. */
export function failureKind(error: unknown): FailureKind {
  if (error instanceof DatabaseError) return kindOfCode(error.code ?? '');
  if (error instanceof ConnectionLost) return 'unavailable';
  if (!(error instanceof Error)) return 'defect';
  // A name with several addresses fails with one error per address.
  const errors: unknown[] = error instanceof AggregateError ? error.errors : [error];
  return errors.some((each) => each instanceof Error && isLineError(each))
    ? 'unavailable'
    : 'defect';
}

/** Whether PostgreSQL gave a statement up for taking too long: it was not done. */
export function tookTooLong(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === '57014';
}

function kindOfCode(code: string): FailureKind {
  switch (code.slice(0, 2)) {
    case '08': // connection exception
    case '53': // insufficient resources: too many connections, disk full
    case '58': // system error: disk fault
      return 'unavailable';
    case '22': // data exception
    case '23': // integrity constraint violation
      return 'data';
  }
  switch (code) {
    case '57P01': // shutdown by an administrator
    case '57P02': // crash shutdown
    case '57P03': // starting up or shutting down
    case '57P05': // idle session timeout
    case '25P03': // idle in transaction timeout: the session is gone
    case '25006': // read only: a standby, while it is being promoted
      return 'unavailable';
    case '40001': // serialization failure
    case '40P01': // deadlock
    case '55P03': // lock not available in time
    case '57014': // statement timeout
      return 'contended';
    default:
      return 'defect';
  }
}

const lineCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOENT',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

// The driver gives its own errors no code: these are their first words.
const lineMessages = [
  'Connection terminated',
  'Client has encountered a connection error',
  'Client was closed',
  'timeout exceeded when trying to connect',
  'timeout expired',
  'Query read timeout',
  'write after end',
];

function isLineError(error: Error): boolean {
  if ('code' in error && typeof error.code === 'string' && lineCodes.has(error.code)) return true;
  return lineMessages.some((words) => error.message.startsWith(words));
}
