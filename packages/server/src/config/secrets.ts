import { hkdfSync } from 'node:crypto';
import { join } from 'node:path';
import type { Config } from './config.ts';
import { keepKey } from './key-file.ts';
import type { Secret } from './secret.ts';

/** The keys of an installation. */
export interface Secrets {
  /** Opens `POST /v1/tenants`. */
  readonly operatorKey: Secret;
  /** Where the operator finds the key we made; undefined when it was given. Never log the key. */
  readonly operatorKeyFile: string | undefined;
  /** 32 bytes that encrypt the tenants' signing secrets in the database. */
  readonly encryptionKey: Buffer;
}

/**
 * Brings together the keys from the configuration and from the data folder.
 *
 * `openFolder` is called only when a key has to be kept there.
 *
 * - Operator key: as configured, else made once in the data folder, whichever database is used.
 *   With `DATABASE_URL` that suits one server with a lasting folder; servers that share a database
 *   need the same `PARLEY_OPERATOR_KEY`.
 * - Encryption key: from `PARLEY_SECRET_KEY`; else with the embedded database from a key made once
 *   in the data folder; else from the operator key. So who changes the operator key of a shared
 *   database sets `PARLEY_SECRET_KEY` to the old operator key, and everything stays readable.
 *   `checkEncryptionKey` finds out when servers disagree.
 */
export async function openSecrets(
  config: Pick<Config, 'operatorKey' | 'secretKey' | 'databaseUrl'>,
  openFolder: () => Promise<string>,
): Promise<Secrets> {
  const { operatorKey: givenKey, secretKey, databaseUrl } = config;
  if (givenKey !== undefined && (secretKey !== undefined || databaseUrl !== undefined)) {
    return secretsOf(givenKey, undefined, secretKey ?? givenKey);
  }
  const folder = await openFolder();
  const operatorKey = givenKey ?? (await keepKey(folder, 'operator-key'));
  const ownSource =
    databaseUrl === undefined ? () => keepKey(folder, 'secret-key') : async () => operatorKey;
  return secretsOf(
    operatorKey,
    givenKey === undefined ? join(folder, 'operator-key') : undefined,
    secretKey ?? (await ownSource()),
  );
}

function secretsOf(
  operatorKey: Secret,
  operatorKeyFile: string | undefined,
  source: Secret,
): Secrets {
  return { operatorKey, operatorKeyFile, encryptionKey: encryptionKeyOf(source) };
}

/** The encryption key that a text gives: PARLEY_SECRET_KEY, or what stands in for it. */
export function encryptionKeyOf(source: Secret): Buffer {
  const info = 'parley signing secrets v1';
  return Buffer.from(hkdfSync('sha256', source.reveal(), '', info, 32));
}
