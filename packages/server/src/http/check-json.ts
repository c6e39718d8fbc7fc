import { ParleyError } from '@parley/protocol';

/**
 * Throws `bad_request` for a text that is not JSON, or that would break what validates it.
 *
 * The trap: validators compare the `length` of whatever came, even where it is no text and no list; an
 * object there whose `toString` is no function makes that comparison throw.
 */
export function checkJson(text: string): void {
  let fault: string | undefined;
  try {
    JSON.parse(text, (key, value: unknown) => {
      const breaks = key === 'length' && typeof value === 'object' && value !== null;
      if (breaks && Object.hasOwn(value, 'toString')) fault = odd;
      return value;
    });
  } catch (cause) {
    throw new ParleyError('bad_request', { message: 'The body is not JSON.', cause });
  }
  if (fault !== undefined) throw new ParleyError('bad_request', { message: fault });
}

const odd =
  'An object called `length` cannot have a field `toString`. Give one of them another name.';
