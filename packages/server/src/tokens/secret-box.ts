import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const formatVersion = 1;
const ivBytes = 12;
const tagBytes = 16;

/**
 * Encrypts the secrets that the database keeps, with PARLEY_SECRET_KEY.
 *
 * AES-256-GCM under a key derived from the given bytes. Each secret is bound to its name, so that a
 * row copied to another tenant or key id does not open there.
 */
export class SecretBox {
  readonly #key: Buffer;

  constructor(secretKey: Uint8Array) {
    this.#key = Buffer.from(hkdfSync('sha256', secretKey, '', 'parley secrets at rest', 32));
  }

  /** Version, nonce, ciphertext and tag in one piece. */
  seal(secret: string, name: readonly string[]): Buffer {
    const iv = randomBytes(ivBytes);
    const cipher = createCipheriv('aes-256-gcm', this.#key, iv).setAAD(boundTo(name));
    const body = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
    return Buffer.concat([Buffer.of(formatVersion), iv, body, cipher.getAuthTag()]);
  }

  /** Throws when the key or the name is not the one it was sealed with. */
  open(sealed: Uint8Array, name: readonly string[]): string {
    const bytes = Buffer.from(sealed);
    if (bytes[0] !== formatVersion || bytes.length < 1 + ivBytes + tagBytes) {
      throw new Error('A stored secret has an unknown form.');
    }
    const iv = bytes.subarray(1, 1 + ivBytes);
    const decipher = createDecipheriv('aes-256-gcm', this.#key, iv, { authTagLength: tagBytes })
      .setAAD(boundTo(name))
      .setAuthTag(bytes.subarray(-tagBytes));
    try {
      const body = bytes.subarray(1 + ivBytes, -tagBytes);
      return Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8');
    } catch (cause) {
      throw new Error(
        'A stored secret does not open: PARLEY_SECRET_KEY is not the one it was stored with.',
        { cause },
      );
    }
  }
}

function boundTo(name: readonly string[]): Buffer {
  return Buffer.from(JSON.stringify(name));
}
