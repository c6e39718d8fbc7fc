import { timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import type { KeyName } from '../backup/manifest.ts';
import type { Backup } from '../backup/read-backup.ts';
import type { Config } from '../config/config.ts';
import { keepKey, readKey } from '../config/key-file.ts';
import { Secret } from '../config/secret.ts';
import { encryptionKeyOf } from '../config/secrets.ts';
import { keyFingerprint } from '../db/check-encryption-key.ts';
import { OperatorError } from '../operator-error.ts';

const names: readonly KeyName[] = ['secret-key', 'operator-key'];

/** Reads the key files of a data folder; those that the environment overrules as well. */
export async function readKeyFiles(folder: string | undefined): Promise<Map<KeyName, Secret>> {
  const found = new Map<KeyName, Secret>();
  if (folder === undefined) return found;
  for (const name of names) {
    const key = await readKey(join(folder, name));
    if (key !== undefined) found.set(name, key);
  }
  return found;
}

/** Where the key of an installation's signing secrets comes from, and what it is. */
export interface KeySource {
  /** As one tells an operator. */
  readonly where: string;
  readonly key: Secret | undefined;
}

/** Finds the key as a server would, and makes none. */
export async function findKeySource(
  { secretKey, operatorKey, databaseUrl }: Config,
  folder: string | undefined,
): Promise<KeySource> {
  if (secretKey !== undefined) return { where: 'PARLEY_SECRET_KEY', key: secretKey };
  if (databaseUrl !== undefined && operatorKey !== undefined) {
    return { where: 'PARLEY_OPERATOR_KEY', key: operatorKey };
  }
  const name: KeyName = databaseUrl === undefined ? 'secret-key' : 'operator-key';
  if (folder === undefined) return { where: 'PARLEY_OPERATOR_KEY', key: undefined };
  const path = join(folder, name);
  return { where: path, key: await readKey(path) };
}

/** Whether this key is the one of the fingerprint. */
export function opens(key: Secret, fingerprint: Buffer): boolean {
  const ours = keyFingerprint(encryptionKeyOf(key));
  return ours.length === fingerprint.length && timingSafeEqual(ours, fingerprint);
}

/**
 * Sees to it that what is restored opens with the key that a server will use here.
 *
 * Puts key files of the backup into the data folder of an embedded database that has none. Throws,
 * having changed nothing, when the server would use another key.
 */
export async function settleKeys(
  config: Config,
  folder: string | undefined,
  backup: Backup,
): Promise<void> {
  const { key_fingerprint } = backup.manifest;
  const isEmbedded = config.databaseUrl === undefined && folder !== undefined;
  if (key_fingerprint !== null) {
    const wanted = Buffer.from(key_fingerprint, 'hex');
    const source = await findKeySource(config, folder);
    const carried = carriedKey(backup.keys, wanted);
    if (source.key === undefined && isEmbedded && carried !== undefined) {
      await keepKey(folder, 'secret-key', carried.text);
    } else if (source.key === undefined || !opens(source.key, wanted)) {
      throw otherKey(backup.path, source, carried?.name, isEmbedded);
    }
  }
  const operatorKey = backup.keys.get('operator-key');
  if (isEmbedded && operatorKey !== undefined && config.operatorKey === undefined) {
    await keepKey(folder, 'operator-key', operatorKey.trim());
  }
}

/** As one word of a shell. */
function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

/** The key file in a backup that opens its secrets. */
function carriedKey(
  keys: ReadonlyMap<KeyName, string>,
  wanted: Buffer,
): { readonly name: KeyName; readonly text: string } | undefined {
  for (const [name, content] of keys) {
    const text = content.trim();
    if (opens(new Secret(text), wanted)) return { name, text };
  }
  return undefined;
}

function otherKey(
  path: string,
  { where, key }: KeySource,
  carried: KeyName | undefined,
  isEmbedded: boolean,
): OperatorError {
  const problem =
    key === undefined
      ? 'There is no key here for the signing secrets in this backup.'
      : `The signing secrets in this backup were encrypted with another key than that of ${where}.`;
  const mend =
    carried === undefined
      ? 'Set PARLEY_SECRET_KEY as it was where the backup was made; if it never was set, to the ' +
        'PARLEY_OPERATOR_KEY of then.'
      : isEmbedded && where !== 'PARLEY_SECRET_KEY'
        ? `Move ${where} away: the backup carries the right key, which is put there then.`
        : `The backup carries it: run \`(umask 077; tar -xOf ${quoted(path)} keys/${carried} >secret-key)\` and ` +
          'set PARLEY_SECRET_KEY_FILE to that file, here and for the server.';
  return new OperatorError(`${problem} ${mend}`);
}
