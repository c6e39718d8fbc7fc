import { limits } from './limits.ts';

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
// User ids are the host product's own: anything printable, since only it knows their form.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it refuses
const controlCharacter = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/u;
const tenantPattern = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** A canonical, lower-case UUID of any version. */
export function isUuid(value: string): boolean {
  return uuidPattern.test(value);
}

export function isUserId(value: string): boolean {
  return (
    value.length > 0 &&
    value.length <= limits.userIdLength &&
    value.isWellFormed() &&
    !controlCharacter.test(value)
  );
}

/** A tenant id is a slug, since it stands in topics and addresses. */
export function isTenantId(value: string): boolean {
  return tenantPattern.test(value);
}

let lastMs = 0;
let counter = 0;

/**
 * A new UUIDv7 (RFC 9562): 48 bits of time, 12 of a counter, 62 random.
 *
 * Ids of one process ascend even within a millisecond or when the clock is set back,
 * so that a client's pending messages keep their order and the server's index its locality.
 */
export function newId(now: number = Date.now()): string {
  if (now > lastMs) {
    lastMs = now;
    counter = crypto.getRandomValues(new Uint16Array(1))[0] ?? 0;
    counter &= 0x3ff;
  } else if (++counter > 0xfff) {
    lastMs++;
    counter = 0;
  }
  const random = crypto.getRandomValues(new Uint8Array(8));
  random[0] = ((random[0] ?? 0) & 0x3f) | 0x80;
  const time = lastMs.toString(16).padStart(12, '0');
  const middle = (0x7000 | counter).toString(16);
  let tail = '';
  for (const byte of random) tail += byte.toString(16).padStart(2, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-${middle}-${tail.slice(0, 4)}-${tail.slice(4)}`;
}
