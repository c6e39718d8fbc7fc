import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dumpSchema } from './dump-schema.ts';
import { startEmbedded } from './embedded/start-embedded.ts';
import { migrate } from './migrate.ts';
import { openSession } from './postgres/connect.ts';

const file = join(import.meta.dirname, 'schema.sql');

/** Migrates a new database of a PostgreSQL of its own, and dumps it. */
async function dumpMigrations(): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'parley-schema-'));
  try {
    await chmod(dataDir, 0o711);
    const postgres = await startEmbedded({ dataDir, settings: { fsync: 'off' } });
    try {
      await migrate(postgres.address);
      const session = await openSession(postgres.address);
      try {
        return await dumpSchema(session);
      } finally {
        await session.end();
      }
    } finally {
      await postgres.stop();
    }
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

const schema = await dumpMigrations();
if (process.argv.includes('--write')) {
  await writeFile(file, schema);
} else if ((await readFile(file, 'utf8').catch(() => '')) !== schema) {
  process.stderr.write(
    'packages/server/src/db/schema.sql is not what the migrations make. ' +
      'Run: node packages/server/src/db/dump-schema-cli.ts --write\n',
  );
  process.exitCode = 1;
}
