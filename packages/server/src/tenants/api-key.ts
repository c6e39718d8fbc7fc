import { createHash } from 'node:crypto';
import { isTenantId } from '@parley/protocol';
import { randomId, randomSecret } from '../tokens/random-id.ts';

/** An API key taken apart: `pak_<tenant>_<id>_<secret>`. Tenant and id may be shown, the secret never. */
export interface ApiKey {
  readonly tenant: string;
  readonly id: string;
  readonly secret: string;
}

// A tenant id has no underscore and the other parts have their length, so there is one reading.
const form = /^pak_([a-z0-9-]{1,63})_([a-z2-7]{12})_([A-Za-z0-9_-]{43})$/;

export function newApiKey(tenant: string): ApiKey {
  return { tenant, id: randomId(), secret: randomSecret() };
}

export function formatApiKey(key: ApiKey): string {
  return `pak_${key.tenant}_${key.id}_${key.secret}`;
}

/** Undefined when it does not have the form of a key. */
export function parseApiKey(text: string): ApiKey | undefined {
  const [, tenant = '', id = '', secret = ''] = form.exec(text) ?? [];
  return secret !== '' && isTenantId(tenant) ? { tenant, id, secret } : undefined;
}

/** What is stored of a secret. A plain hash, since 256 random bits cannot be guessed. */
export function hashSecret(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
