import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { type DatabaseAddress, inDatabase } from '../address.ts';
import { startEmbedded } from '../embedded/start-embedded.ts';
import { migrate } from '../migrate.ts';
import { openSession } from '../postgres/connect.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** A migrated database that nobody connects to: tests clone it. */
    templateDatabase: DatabaseAddress;
  }
}

let undo = async () => {};

/** Starts one real PostgreSQL, fsync on as in production, for all test files of a run. */
export async function setup(project: TestProject): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'parley-tests-'));
  undo = () => rm(dataDir, { recursive: true, force: true });
  try {
    // As root PostgreSQL is another user, who has to get in.
    await chmod(dataDir, 0o711);
    const postgres = await startEmbedded({ dataDir, settings: { max_connections: '300' } });
    undo = async () => {
      await postgres.stop();
      await rm(dataDir, { recursive: true, force: true });
    };
    const template = await createTemplate(postgres.address);
    project.provide('templateDatabase', template);
  } catch (error) {
    await undo();
    throw error;
  }
}

export async function teardown(): Promise<void> {
  await undo();
}

async function createTemplate(server: DatabaseAddress): Promise<DatabaseAddress> {
  const session = await openSession(inDatabase(server, 'postgres'));
  try {
    await session.query('create database parley_template');
  } finally {
    await session.end();
  }
  const template = inDatabase(server, 'parley_template');
  await migrate(template);
  return template;
}
