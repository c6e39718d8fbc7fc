import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { SecretBox } from './secret-box.ts';

const name = ['signing_key', 'acme', 'k1'];

test('[AU10] A sealed secret opens with the same key and name, and shows nothing of itself', () => {
  const box = new SecretBox(randomBytes(32));
  const sealed = box.seal('the-secret', name);
  expect(box.open(sealed, name)).toBe('the-secret');
  expect(sealed.toString('latin1')).not.toContain('the-secret');
  expect(box.seal('the-secret', name).equals(sealed)).toBe(false);
});

test('[AU10] A sealed secret does not open for another tenant, key id or key', () => {
  const box = new SecretBox(randomBytes(32));
  const sealed = box.seal('the-secret', name);
  expect(() => box.open(sealed, ['signing_key', 'other', 'k1'])).toThrow('PARLEY_SECRET_KEY');
  expect(() => box.open(sealed, ['signing_key', 'acme', 'k2'])).toThrow('PARLEY_SECRET_KEY');
  expect(() => box.open(sealed, ['signing_key', 'acm', 'ek1'])).toThrow('PARLEY_SECRET_KEY');
  expect(() => new SecretBox(randomBytes(32)).open(sealed, name)).toThrow('PARLEY_SECRET_KEY');
});

test('[AU10] Not one byte of a sealed secret can be changed or cut off', () => {
  const box = new SecretBox(randomBytes(32));
  const sealed = box.seal('the-secret', name);
  for (let at = 0; at < sealed.length; at++) {
    const changed = Buffer.from(sealed);
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(() => box.open(changed, name)).toThrow();
    expect(() => box.open(sealed.subarray(0, at), name)).toThrow();
  }
});
