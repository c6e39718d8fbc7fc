import { isErrorCode, ParleyError, type WireError } from '@parley/protocol';

/** Fails the input unless it is so. */
export function must(isSo: boolean, what: string): void {
  if (!isSo) throw new Error(`it lets through: ${what}`);
}

/** What the types promise is looked at, too: this is where it would first be wrong. */
export function mustMatch(pattern: RegExp, value: unknown, what: string): void {
  must(typeof value === 'string' && pattern.test(value), `${what} ${JSON.stringify(value)}`);
}

/** A refusal is an error of the table, with nothing in it that cannot be sent. */
export function mustBeToldAs(error: unknown, codes: readonly string[]): void {
  if (!(error instanceof ParleyError)) throw error;
  const wire: WireError = error.toWire();
  must(isErrorCode(wire.code) && codes.includes(wire.code), `an error ${wire.code}`);
  must(JSON.stringify(wire).length < 200_000, 'an error larger than what it refuses');
}

/** What was read is something that PostgreSQL can store. */
export function mustBeStorable(value: unknown): void {
  if (typeof value === 'string') {
    must(value.isWellFormed() && !value.includes('\u0000'), 'text that cannot be stored');
  } else if (typeof value === 'number') must(Number.isSafeInteger(value), `the number ${value}`);
  else if (value instanceof Map) for (const entry of value) entry.forEach(mustBeStorable);
  else if (typeof value === 'object' && value !== null)
    Object.values(value).forEach(mustBeStorable);
}

/** No input has changed what all objects have in common. */
export function mustBeClean(): void {
  must(!('polluted' in {}) && Object.keys(Object.prototype).length === 0, 'a changed prototype');
}
