import { fileURLToPath } from 'node:url';
import { Inside } from './inside.ts';
import { ManagedProcess } from './managed-process.ts';
import { passMutantOn } from './mutant.ts';

const program = fileURLToPath(new URL('../../packages/server/src/main.ts', import.meta.url));
const insideProgram = fileURLToPath(new URL('./inside-server.ts', import.meta.url));

interface ServerPlan {
  readonly port: number;
  readonly env: Readonly<Record<string, string>>;
  /** Another `main.ts`, of a neighbouring version say. */
  readonly program?: string | undefined;
}

/** A server's process and what it says of itself; both are new after a restart. */
export interface ServerProcess {
  readonly process: ManagedProcess;
  readonly inside: Inside;
}

/** Starts `main.ts` on this port, with the planted bug of this run if there is one. */
export async function startServerProcess(plan: ServerPlan): Promise<ServerProcess> {
  const planted = passMutantOn();
  let inside: Inside | undefined;
  const process_ = await ManagedProcess.start({
    name: 'the server',
    command: process.execPath,
    arguments: [
      '--disable-warning=ExperimentalWarning',
      '--expose-gc',
      ...planted.arguments,
      `--import=${insideProgram}`,
      plan.program ?? program,
    ],
    options: {
      env: {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        TMPDIR: process.env['TMPDIR'],
        LOG_LEVEL: 'warn',
        ...planted.env,
        ...plan.env,
        PORT: String(plan.port),
      },
    },
    ipc: true,
    stopSignal: 'SIGTERM',
    stopMs: 12_000,
    whenUp: async ({ child, line }) => {
      inside = new Inside(child);
      await line(/^Parley is at /);
    },
  });
  return {
    process: process_,
    get inside() {
      if (inside === undefined) throw new Error('the server is not up');
      return inside;
    },
  };
}
