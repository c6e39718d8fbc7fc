import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from 'vitest';

let checkout: string;

beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), 'parley set-up '));
  cpSync(import.meta.dirname, join(checkout, 'bin/lib'), { recursive: true });
  mkdirSync(join(checkout, '.cache'));
});

afterEach(() => rmSync(checkout, { recursive: true }));

/** Lines of a script after the pieces of bin/lib, as bin/start and its siblings have them. */
function script(...lines: readonly string[]): string {
  return [
    'set -eu',
    '. bin/lib/step.sh',
    '. bin/lib/page.sh',
    '. bin/lib/test-tools.sh',
    ...lines,
  ].join('\n');
}

/** Runs a script to its end; `env` comes on top of a PATH. */
function run(
  lines: readonly string[],
  env: Readonly<Record<string, string>> = {},
): { readonly status: number | null; readonly said: string } {
  const { status, stdout, stderr } = spawnSync('/bin/sh', ['-c', script(...lines)], {
    cwd: checkout,
    env: { PATH: process.env['PATH'] ?? '', ...env },
  });
  return { status, said: `${stdout}${stderr}` };
}

function write(path: string, text: string): void {
  mkdirSync(join(checkout, path, '..'), { recursive: true });
  writeFileSync(join(checkout, path), text, { mode: 0o755 });
}

test('A step that succeeds says one line', () => {
  const { status, said } = run(["step try 'Trying' sh -c 'echo noise; echo more >&2'", 'echo on']);
  expect({ status, said: said.split('\n').sort() }).toEqual({
    status: 0,
    said: ['', 'Trying', 'on'],
  });
});

test('A step that fails shows its noise and ends the command with its status', () => {
  const { status, said } = run(["step try 'Trying' sh -c 'echo noise; exit 7'", 'echo never']);
  expect(status).toBe(7);
  expect(said).toContain('noise');
  expect(said).not.toContain('never');
});

test('A signal that reaches only the shell ends the step too', async () => {
  const shell = spawn(
    '/bin/sh',
    ['-c', script("step try 'Trying' sh -c 'echo $$ >pid; exec sleep 60'")],
    {
      cwd: checkout,
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  const ended = once(shell, 'exit');
  const pid = join(checkout, 'pid');
  await expect.poll(() => existsSync(pid) && readFileSync(pid, 'utf8')).toMatch(/\d/);
  shell.kill('SIGTERM');
  expect(await ended).toEqual([143, null]);
  expect(() => process.kill(Number(readFileSync(pid, 'utf8')), 0)).toThrow('ESRCH');
});

test('Of two commands that set up at once, one waits for the other', async () => {
  const holder = spawn('/bin/sh', ['-c', script('lock_checkout', 'echo held', 'read -r line')], {
    cwd: checkout,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(createInterface({ input: holder.stdout }), 'line');
  const waiter = spawn('/bin/sh', ['-c', script('lock_checkout', 'echo held')], {
    cwd: checkout,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [firstWord] = await once(createInterface({ input: waiter.stderr }), 'line');
  expect(firstWord).toContain('waiting');
  expect(waiter.exitCode).toBe(null);
  const held = once(createInterface({ input: waiter.stdout }), 'line');
  holder.kill('SIGKILL');
  expect(await held).toEqual(['held']);
});

test('The page counts as built until one of its sources changes, comes or goes', () => {
  write('packages/web/src/main.tsx', 'one');
  write('packages/client/src/index.ts', 'one');
  write('packages/protocol/src/index.ts', 'one');
  write('package-lock.json', '{}');
  write('node_modules/.bin/vite', '#!/bin/sh\nmkdir -p packages/web/dist; echo built >>builds\n');
  const built = (): string => {
    expect(run(['build_page', 'build_page']).status).toBe(0);
    return readFileSync(join(checkout, 'builds'), 'utf8');
  };
  expect(built()).toBe('built\n');
  write('packages/web/src/main.tsx', 'two');
  expect(built()).toBe('built\n'.repeat(2));
  write('packages/protocol/src/more.ts', 'one');
  expect(built()).toBe('built\n'.repeat(3));
  rmSync(join(checkout, 'packages/protocol/src/more.ts'));
  expect(built()).toBe('built\n'.repeat(4));
});

test('A build that fails is tried again', () => {
  write('packages/web/src/main.tsx', 'one');
  write('packages/client/src/index.ts', 'one');
  write('packages/protocol/src/index.ts', 'one');
  write('package-lock.json', '{}');
  write('node_modules/.bin/vite', '#!/bin/sh\nmkdir -p packages/web/dist; exit 1\n');
  for (const _ of [1, 2]) {
    const { status, said } = run(['build_page']);
    expect({ status, said }).toEqual({ status: 1, said: expect.stringContaining('Building') });
  }
});

test('A missing test tool fails and is named, with the variable that points to it', () => {
  write('programs/id', '#!/bin/sh\necho 1000\n');
  write('programs/there', '#!/bin/sh\n');
  const there = join(checkout, 'programs/there');
  const { status, said } = run(['use_test_tools', 'echo never'], {
    PATH: `${join(checkout, 'programs')}:${process.env['PATH']}`,
    CHROMIUM: there,
    NGINX: there,
    REDIS_SERVER: join(checkout, 'nowhere'),
    POSTGRES_BIN: join(checkout, 'nowhere'),
  });
  expect(status).toBe(1);
  expect(said).toContain('REDIS_SERVER');
  expect(said).toContain('POSTGRES_BIN');
  expect(said).toContain('apt-get install --no-install-recommends redis-server postgresql\n');
  expect(said).not.toContain('never');
});
