import { ParleyError } from './errors.ts';
import { limits } from './limits.ts';

/** How many Unicode code points a string has: what a person would call its characters, roughly. */
export function codePoints(text: string): number {
  let count = text.length;
  for (let i = 0; i < text.length - 1; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0xd800 && unit <= 0xdbff) {
      const next = text.charCodeAt(i + 1);
      if (next >= 0xdc00 && next <= 0xdfff) {
        count--;
        i++;
      }
    }
  }
  return count;
}

/** Text that PostgreSQL can store and JSON can carry: no U+0000, no lone surrogate. */
export function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\u0000');
}

/** A message body, trimmed; refused when empty, over-long or not storable. */
export function parseBody(text: string, field = 'body'): string {
  const body = text.trim();
  if (body === '') {
    throw new ParleyError('bad_request', {
      field,
      message: 'The message is empty. Write something.',
    });
  }
  // The cheap check first: code points are never more than UTF-16 units, never fewer than half.
  if (body.length > limits.bodyCodePoints && codePoints(body) > limits.bodyCodePoints) {
    throw new ParleyError('bad_request', {
      field,
      message: `The message is longer than ${limits.bodyCodePoints} characters. Split it.`,
    });
  }
  return storable(body, field);
}

/** A name of a person or conversation, trimmed; 1 to 200 characters, on one line. */
export function parseName(text: string, field = 'name'): string {
  const name = text.trim().replace(/\s+/gu, ' ');
  if (name === '' || codePoints(name) > limits.nameCodePoints) {
    throw new ParleyError('bad_request', {
      field,
      message: `A name has 1 to ${limits.nameCodePoints} characters.`,
    });
  }
  return storable(name, field);
}

function storable(text: string, field: string): string {
  if (isStorable(text)) return text;
  throw new ParleyError('bad_request', {
    field,
    message:
      'The text has a character that cannot be stored (U+0000 or half of a pair). Remove it.',
  });
}
