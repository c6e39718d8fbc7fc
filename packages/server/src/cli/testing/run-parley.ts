import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../main.ts', import.meta.url));
const command = fileURLToPath(new URL('../main.ts', import.meta.url));
const flags = ['--disable-warning=ExperimentalWarning'];

export interface Ran {
  readonly code: number | null;
  readonly output: string;
  readonly said: string;
}

/** Runs `parley` as bin/parley does, in `folder`. */
export async function runParley(
  folder: string,
  words: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Ran> {
  const child = spawn(process.execPath, [...flags, command, folder, ...words], {
    cwd: folder,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [output, said] = ['', ''];
  child.stdout.on('data', (data) => {
    output += String(data);
  });
  child.stderr.on('data', (data) => {
    said += String(data);
  });
  const [code] = await once(child, 'close');
  return { code: typeof code === 'number' ? code : null, output, said };
}

/** A server as operators start it; ended, cleanly, at the end of the scope. */
export async function startMain(
  folder: string,
  env: Readonly<Record<string, string>>,
): Promise<AsyncDisposable & { readonly url: string }> {
  const child = spawn(process.execPath, [...flags, program], {
    cwd: folder,
    env: { PATH: process.env['PATH'], PORT: '0', LOG_LEVEL: 'warn', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (data) => {
    said += String(data);
  });
  const exited = once(child, 'exit');
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const found = /^Parley is at (http:\/\/[^/]*)\//.exec(line)?.[1];
      if (found !== undefined) resolve(found);
    });
    void exited.then(() => reject(new Error(`The server did not start:\n${said}`)));
  });
  return {
    url,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
