import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { DatabaseAddress } from '../../packages/server/src/db/address.ts';
import { type Answer, type HttpCall, httpCall } from './http-call.ts';
import { Inside } from './inside.ts';
import { passMutantOn } from './mutant.ts';
import type { GateDatabase, GatePostgres } from './postgres.ts';
import { createTenant, type Tenant } from './tenant.ts';

const program = fileURLToPath(new URL('../../packages/server/src/main.ts', import.meta.url));
const insideProgram = fileURLToPath(new URL('./inside-server.ts', import.meta.url));
const startMs = 60_000;

/** A server as its operators start it: a process of its own, with an environment and a database. */
export interface Installed extends AsyncDisposable {
  readonly pid: number;
  readonly port: number;
  /** Without a slash at the end. */
  readonly url: string;
  readonly socketUrl: string;
  readonly operatorKey: string;
  /** Its database, as the owner of the tables; for what a gate looks up or sets up. */
  readonly address: DatabaseAddress;
  /** What only its process knows: memory after a collection, stops of its event loop. */
  readonly inside: Inside;
  /** Why it ended; undefined while it runs. */
  readonly ended: string | undefined;
  /** Resolves when it has ended. */
  readonly exit: Promise<void>;
  /** What it logged, the last 200 KB of it. */
  log(): string;
  call(method: string, path: string, call?: HttpCall): Promise<Answer>;
  /** A tenant with these people, made over HTTP as a host product does. */
  tenant(people?: readonly string[]): Promise<Tenant>;
}

/** Starts `main.ts` on a free port and an empty database; ends it at the end of the scope. */
export async function startInstallation(
  postgres: GatePostgres,
  env: Readonly<Record<string, string>> = {},
): Promise<Installed> {
  const database = await postgres.createDatabase();
  try {
    return await launch(database, env);
  } catch (error) {
    await database.drop();
    throw error;
  }
}

async function launch(
  database: GateDatabase,
  env: Readonly<Record<string, string>>,
): Promise<Installed> {
  const operatorKey = randomBytes(24).toString('hex');
  const planted = passMutantOn();
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      '--expose-gc',
      ...planted.arguments,
      `--import=${insideProgram}`,
      program,
    ],
    {
      env: {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        TMPDIR: process.env['TMPDIR'],
        PORT: '0',
        LOG_LEVEL: 'warn',
        DATABASE_URL: database.url,
        PARLEY_OPERATOR_KEY: operatorKey,
        ...planted.env,
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    },
  );
  let log = '';
  let ended: string | undefined;
  child.stderr?.on('data', (data) => {
    log = (log + String(data)).slice(-200_000);
  });
  const exit = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      ended = `the server ended with ${signal ?? `exit code ${code}`}`;
      resolve();
    });
  });
  const stop = async () => {
    if (ended === undefined) child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), 5_000);
    await exit;
    clearTimeout(late);
  };
  const port = await portOf(child, exit, env['PORT']).catch(async (error: unknown) => {
    await stop();
    throw new Error(`the server did not start:\n${log}`, { cause: error });
  });
  const url = `http://127.0.0.1:${port}`;
  const installed: Installed = {
    pid: child.pid ?? 0,
    port,
    url,
    socketUrl: `ws://127.0.0.1:${port}/v1/ws`,
    operatorKey,
    address: database.address,
    inside: new Inside(child),
    get ended() {
      return ended;
    },
    exit,
    log: () => log,
    call: (method, path, call) => httpCall(port, method, path, call),
    tenant: (people = []) => createTenant(installed, people),
    async [Symbol.asyncDispose]() {
      await stop();
      await database.drop();
    },
  };
  return installed;
}

function portOf(
  child: ChildProcess,
  exit: Promise<void>,
  told: string | undefined,
): Promise<number> {
  return new Promise((resolve, reject) => {
    if (child.stdout === null) throw new Error('the server has no output');
    createInterface({ input: child.stdout }).on('line', (line) => {
      const port = /^Parley is at http:\/\/[^/]*:(\d+)\//.exec(line)?.[1];
      if (port !== undefined) resolve(Number(port));
      // With a PUBLIC_URL it tells that one.
      else if (line.startsWith('Parley is at ') && told !== undefined) resolve(Number(told));
    });
    const late = setTimeout(() => reject(new Error('it says nothing')), startMs);
    late.unref();
    void exit.then(() => reject(new Error('it ended')));
  });
}
