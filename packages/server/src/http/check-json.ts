import { ParleyError } from '@parley/protocol';

/**
 * Throws `bad_request` for a text that is not JSON, or that would break what validates it.
 *
 * The trap: validators compare the `length` of whatever came, even where it is no text and no list. An
 * object there whose `toString` is no function makes that comparison throw, and so does a list of such.
 */
export function checkJson(text: string): void {
  let fault: string | undefined;
  // What is inside comes first.
  const odd = new WeakSet<object>();
  try {
    JSON.parse(text, (key, value: unknown) => {
      if (typeof value !== 'object' || value === null) return value;
      const isOdd = Array.isArray(value)
        ? value.some((one) => typeof one === 'object' && one !== null && odd.has(one))
        : Object.hasOwn(value, 'toString');
      if (isOdd) odd.add(value);
      if (isOdd && key === 'length') fault = message;
      return value;
    });
  } catch (cause) {
    throw new ParleyError('bad_request', { message: 'The body is not JSON.', cause });
  }
  if (fault !== undefined) throw new ParleyError('bad_request', { message: fault });
}

const message =
  'An object called `length` cannot have a field `toString`. Give one of them another name.';
