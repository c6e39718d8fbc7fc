import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DatabaseAddress, inDatabase } from '../../packages/server/src/db/address.ts';
import { migrate } from '../../packages/server/src/db/migrate.ts';
import { openSession } from '../../packages/server/src/db/postgres/connect.ts';
import { EmbeddedServer } from '../../packages/server/src/db/testing/embedded-server.ts';

/** A PostgreSQL that gives out migrated, empty databases. */
export interface GatePostgres {
  createDatabase(): Promise<GateDatabase>;
  close(): Promise<void>;
}

export interface GateDatabase {
  readonly address: DatabaseAddress;
  /** As DATABASE_URL takes it. */
  readonly url: string;
  drop(): Promise<void>;
}

const template = 'parley_template';

/**
 * Uses the PostgreSQL whose template somebody has made for many gates, or starts one.
 *
 * `known` is the template's address as JSON.
 */
export async function openGatePostgres(known: string | undefined): Promise<GatePostgres> {
  if (known !== undefined) {
    // Written by the test that starts us.
    return from(JSON.parse(known) as DatabaseAddress, async () => {});
  }
  const folder = await mkdtemp(join(tmpdir(), 'parley-gate-'));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    // As root PostgreSQL is another user, who has to get in.
    await chmod(folder, 0o711);
    // In a process of its own, which stops it however ours ends.
    const postgres = await EmbeddedServer.start({
      dataDir: folder,
      settings: { max_connections: '300' },
    });
    await withSession(inDatabase(postgres.address, 'postgres'), `create database ${template}`);
    const address = inDatabase(postgres.address, template);
    await migrate(address);
    return from(address, async () => {
      await postgres.stop();
      await remove();
    });
  } catch (error) {
    await remove();
    throw error;
  }
}

function from(source: DatabaseAddress, close: () => Promise<void>): GatePostgres {
  const home = inDatabase(source, 'postgres');
  return {
    close,
    async createDatabase() {
      const name = `gate_${randomBytes(8).toString('hex')}`;
      await withSession(home, `create database ${name} template ${template} strategy file_copy`);
      const address = inDatabase(source, name);
      return {
        address,
        url: urlOf(address),
        drop: () => withSession(home, `drop database if exists ${name} with (force)`),
      };
    },
  };
}

async function withSession(address: DatabaseAddress, statement: string): Promise<void> {
  const session = await openSession(address);
  try {
    await session.query(statement);
  } finally {
    await session.end();
  }
}

function urlOf(address: DatabaseAddress): string {
  if (address.kind === 'url') return address.url;
  const { folder, user, database } = address;
  return `postgres://localhost/${database}?${new URLSearchParams({ host: folder, user })}`;
}
