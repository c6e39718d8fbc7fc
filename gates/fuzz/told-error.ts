import { isErrorCode } from '@parley/protocol';

const fields: readonly string[] = ['code', 'message', 'retryable', 'retry_after_ms', 'field'];
/** What belongs into logs: names of errors, stacks, SQL, files. */
const internal =
  /\b(?:TypeError|RangeError|SyntaxError|at \w+ \(|node:|file:\/\/|\.ts:\d|select .* from)\b/;
/** Longer than any sentence, with the longest name of a field in it. */
const longestMessage = 1_000;

/** What is wrong with an error as it was told; undefined when nothing is. */
export function errorFault(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return 'an error that is no object';
  const told = new Map(Object.entries(error));
  const unknown = [...told.keys()].filter((name) => !fields.includes(name));
  if (unknown.length > 0) return `an error with ${unknown.join()}`;
  const [code, message] = [told.get('code'), told.get('message')];
  if (!isErrorCode(code)) return `the code ${String(code)} is not in the table`;
  if (code === 'internal' || code === 'unavailable') return `the server failed: ${code}`;
  if (typeof message !== 'string' || message === '') return `${code} without a message`;
  if (message.length > longestMessage)
    return `${code} with a message of ${message.length} characters`;
  if (internal.test(message)) return `${code} tells internals: ${message}`;
  if (typeof told.get('retryable') !== 'boolean') return `${code} does not say whether to repeat`;
  const field = told.get('field');
  if (field !== undefined && typeof field !== 'string')
    return `${code} with a field that is no text`;
  return undefined;
}

/** What a frame of the server is: an answer to this id, an event, or broken. */
export function readAnswer(text: string): {
  readonly id: number | undefined;
  readonly isEvent: boolean;
  readonly fault: string | undefined;
} {
  const frame: unknown = JSON.parse(text);
  if (typeof frame !== 'object' || frame === null) {
    return { id: undefined, isEvent: false, fault: `a frame that is no object: ${text}` };
  }
  const told = new Map(Object.entries(frame));
  const id = told.get('id');
  return {
    id: typeof id === 'number' ? id : undefined,
    isEvent: told.has('event'),
    fault: told.has('error') ? errorFault(told.get('error')) : undefined,
  };
}
