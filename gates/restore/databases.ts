import { randomBytes } from 'node:crypto';
import { type DatabaseAddress, inDatabase } from '../../packages/server/src/db/address.ts';
import { withDatabase } from '../kit/with-database.ts';

/** An empty database beside another one. */
export interface Beside extends AsyncDisposable {
  readonly address: DatabaseAddress;
  /** As DATABASE_URL takes it. */
  readonly url: string;
}

export async function createBeside(other: DatabaseAddress): Promise<Beside> {
  const home = inDatabase(other, 'postgres');
  const name = `beside_${randomBytes(6).toString('hex')}`;
  await withDatabase(home, (session) => session.query(`create database ${name}`));
  const address = inDatabase(other, name);
  return {
    address,
    url: urlOf(address),
    async [Symbol.asyncDispose]() {
      await withDatabase(home, (session) =>
        session.query(`drop database if exists ${name} with (force)`),
      );
    },
  };
}

/** An address as DATABASE_URL takes it. */
export function urlOf(address: DatabaseAddress): string {
  if (address.kind === 'url') return address.url;
  const { folder, user, database } = address;
  return `postgres://localhost/${database}?${new URLSearchParams({ host: folder, user })}`;
}
