import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import manifest from '../package.json' with { type: 'json' };
import { MemoryBus } from './bus/memory.ts';
import { RedisBus } from './bus/redis.ts';
import { type Config, readConfig } from './config/config.ts';
import { openDataFolder } from './config/data-folder.ts';
import { openSecrets } from './config/secrets.ts';
import type { DatabaseAddress } from './db/address.ts';
import { checkEncryptionKey } from './db/check-encryption-key.ts';
import { embeddedGuest } from './db/embedded/guest.ts';
import { startEmbedded } from './db/embedded/start-embedded.ts';
import { migrate } from './db/migrate.ts';
import { migrationsFolder, readMigrations } from './db/migration-files.ts';
import { openDatabase } from './db/postgres/open-database.ts';
import { demoPeople } from './demo/people.ts';
import { seedDemo } from './demo/seed-demo.ts';
import { RedisLedger } from './limits/redis.ts';
import { BusFingerprint } from './nodes/bus-fingerprint.ts';
import { Node } from './nodes/node.ts';
import { OperatorError } from './operator-error.ts';
import { MemoryPresenceStore } from './presence/store/memory.ts';
import { RedisPresenceStore } from './presence/store/redis.ts';
import { openRedis } from './redis/redis.ts';
import { startServer } from './server.ts';
import { SigningKeys } from './tokens/signing-keys.ts';

/** SIGTERM ends the server within this time, whatever hangs. */
const drainMs = 10_000;

/** A database that is started together with this server may take a while. */
const databaseWaitMs = 30_000;

const pageFolder = fileURLToPath(new URL('../../web/dist', import.meta.url));

await run().catch((error: unknown) => {
  // What an operator can mend is told in words; everything else keeps its stack.
  const text = error instanceof OperatorError ? error.message : describe(error);
  process.stderr.write(`${text}\n`);
  process.exitCode = 1;
});

async function run(): Promise<void> {
  const { config, warnings } = readConfig(process.env);
  const log = pino({ level: config.logLevel }, pino.destination({ dest: 2, sync: true }));
  for (const warning of warnings) log.warn(warning);
  if (config.demo) say('Parley, demo: example people and messages, sign-in without a password.');
  const stopping = whenToldToStop();
  // Also when it is told in the middle of a start that hangs, on a database that does not answer say.
  void stopping.then(endInTime);
  const lost = Promise.withResolvers<never>();
  lost.promise.catch(endInTime);

  const folder = onceFolder(config, (text) => log.warn(text));
  const secrets = await openSecrets(config, folder);
  const embedded =
    config.databaseUrl === undefined
      ? await startEmbedded({
          dataDir: await folder(),
          progress: say,
          log,
          onLost: (error) => {
            log.fatal({ err: error }, 'the database folder is lost');
            process.exit(1);
          },
        })
      : undefined;
  const address: DatabaseAddress = embedded?.address ?? {
    kind: 'url',
    url: config.databaseUrl?.reveal() ?? '',
  };

  const closers: (() => Promise<void>)[] = [];
  if (embedded !== undefined) closers.push(() => embedded.stop());
  try {
    // Opening looks at the server first: too old a one is refused before it is changed.
    const db = await openDatabase(address, {
      waitMs: databaseWaitMs,
      warn: (text) => log.warn(text),
    });
    closers.push(() => db.close());
    const node = await Node.open({
      address,
      hold: config.redisUrl === undefined ? 'alone' : 'shared',
      version: manifest.version,
      migrations: (await readMigrations(migrationsFolder)).length,
      say,
      log,
      onLost: (error) => lost.reject(error),
    });
    closers.push(() => node.close());
    const { now } = node.clock;
    await migrate(address, { warn: (text) => log.warn(text) });
    await checkEncryptionKey(db, secrets.encryptionKey);
    if (config.demo) {
      const keys = new SigningKeys({ db, secretKey: secrets.encryptionKey, now });
      await seedDemo(db, { keys, now });
    }
    const redisUrl = config.redisUrl?.reveal();
    const redis = redisUrl === undefined ? undefined : await openRedis(redisUrl, { log });
    if (redis !== undefined) closers.push(() => redis.close());
    const bus = redis === undefined ? new MemoryBus() : new RedisBus({ redis, log });
    const presenceStore =
      redis === undefined ? new MemoryPresenceStore() : new RedisPresenceStore({ redis, log });
    closers.push(
      () => bus.close(),
      () => presenceStore.close(),
    );
    await node.register(redis === undefined ? undefined : new BusFingerprint(redis));
    const server = await startServer({
      config: {
        ...config,
        publicUrl: config.publicUrl === undefined ? undefined : new URL(config.publicUrl),
        operatorKey: secrets.operatorKey.reveal(),
        encryptionKey: secrets.encryptionKey,
        pageFolder,
      },
      db,
      bus,
      presenceStore,
      ledger: redis === undefined ? undefined : new RedisLedger(redis),
      log,
      now,
      standing: node,
      ...(config.demo ? { demoPeople } : {}),
    });
    closers.push(() => server.drain());
    if (secrets.operatorKeyFile !== undefined) {
      say(`The operator key is in ${secrets.operatorKeyFile}`);
    }
    say(`Parley is at ${pageAddress(config, server.port)}`);
    await Promise.race([stopping, lost.promise]);
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

function endInTime(): void {
  setTimeout(() => process.exit(1), drainMs).unref();
}

/** The data folder is made when it is first needed: with a database and keys given, never. */
function onceFolder(config: Config, warn: (text: string) => void): () => Promise<string> {
  let folder: Promise<string> | undefined;
  return () => {
    folder ??= openDataFolder({
      ...config.dataDir,
      ...(config.databaseUrl === undefined ? { guest: embeddedGuest } : {}),
      warn,
    });
    return folder;
  };
}

function whenToldToStop(): Promise<void> {
  return new Promise((resolve) => {
    // For good, not once: under npm one Ctrl-C arrives twice, and the second would kill us.
    process.on('SIGTERM', () => resolve());
    process.on('SIGINT', () => resolve());
  });
}

function pageAddress(config: Config, port: number): string {
  if (config.publicUrl !== undefined) return `${config.publicUrl}/app/messages/`;
  const host = config.host.includes(':') ? `[${config.host}]` : config.host;
  return `http://${host}:${port}/app/messages/`;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
