import { randomBytes } from 'node:crypto';

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

/** A public random name of 12 letters and digits (60 bits): of a key, not a secret. */
export function randomId(): string {
  let id = '';
  for (const byte of randomBytes(12)) id += alphabet.charAt(byte & 31);
  return id;
}

/** Whether a text has the form of a `randomId`. */
export function isRandomId(text: string): boolean {
  return /^[a-z2-7]{12}$/.test(text);
}

/** 256 random bits as 43 characters of base64url. */
export function randomSecret(): string {
  return randomBytes(32).toString('base64url');
}
