import type { JsonObject } from '@parley/protocol';
import type { Selectable } from 'kysely';
import type { SigningKeyTable } from '../db/tables.ts';
import type { KeyAlgorithm } from './signing-keys.ts';

/** A signing key as its tenant may see it: public numbers, never a secret. */
export interface SigningKeyRecord {
  readonly kid: string;
  readonly algorithm: KeyAlgorithm;
  /** A JWK; null for a secret of ours. */
  readonly public_key: JsonObject | null;
  /** The key source that published it; null for one that was registered here. */
  readonly source: string | null;
  readonly created_at: string;
}

export const signingKeyColumns = [
  'kid',
  'algorithm',
  'public_key',
  'source_id',
  'created_at',
] as const;

export function signingKeyRecord(
  row: Pick<Selectable<SigningKeyTable>, (typeof signingKeyColumns)[number]>,
): SigningKeyRecord {
  return {
    kid: row.kid,
    algorithm: row.algorithm,
    public_key: row.public_key,
    source: row.source_id,
    created_at: row.created_at.toISOString(),
  };
}
