import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { runProgram } from './program.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** A copy of the sources, with what the compiler says of one file of it. */
interface Copy {
  change(path: string, from: string, to: string): void;
  write(path: string, text: string): void;
  findings(path: string): Promise<string>;
}

function copySources(): Copy {
  const folder = mkdtempSync(join(tmpdir(), 'parley-policy-'));
  folders.push(folder);
  for (const source of ['packages/protocol/src', 'packages/server/src']) {
    cpSync(source, join(folder, source), {
      recursive: true,
      filter: (path) => !/\.test\.ts$|\/(testing|content)$/.test(path),
    });
  }
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
  cpSync('package.json', join(folder, 'package.json'));
  const write = (path: string, text: string) => writeFileSync(join(folder, path), text);
  return {
    write,
    change: (path, from, to) => {
      const text = readFileSync(path, 'utf8');
      if (!text.includes(from)) throw new Error(`${path} does not have ${from}`);
      write(path, text.replace(from, to));
    },
    findings: async (path) => {
      const config = {
        extends: resolve('tsconfig.json'),
        compilerOptions: {
          paths: { '@parley/protocol': ['./packages/protocol/src/index.ts'] },
          typeRoots: [resolve('node_modules/@types')],
        },
        include: [],
        files: [path],
      };
      write('tsconfig.json', JSON.stringify(config));
      const { output } = await runProgram('tsc', '-p', folder, '--pretty', 'false');
      // Of a checkout in which somebody is at work, other files may have findings of their own.
      const place = new RegExp(`^(.*/)?${path.replaceAll('.', '\\.')}\\(`);
      const blocks = output.split(/\n(?! )/);
      return blocks.filter((block) => place.test(block)).join('\n');
    },
  };
}

const commands = 'packages/protocol/src/commands.ts';
const table = 'packages/server/src/policy/command-policy.ts';

test('[RO2] A command without a row in the policy table does not compile, and is named', async () => {
  const copy = copySources();
  expect(await copy.findings(table)).toBe('');
  copy.change(commands, 'ping: object({}),', "ping: object({}),\n  'message.burn': object({}),");
  const findings = await copy.findings(table);
  expect(findings).toContain('message.burn');
  expect(findings).toContain('missing');
});

const route = (name: string) => `
import { operation } from './operation.ts';
import type { AppParts } from './parts.ts';

export const planted = (parts: AppParts) =>
  operation(parts, '${name}', { method: 'post', path: '/v1/burn', responses: {} });
`;

test('[RO3] An HTTP route whose operation has no row does not compile, and is named', async () => {
  const copy = copySources();
  const planted = 'packages/server/src/http/planted.ts';
  copy.write(planted, route('sendMessage'));
  expect(await copy.findings(planted)).toBe('');
  copy.write(planted, route('burnMessage'));
  expect(await copy.findings(planted)).toContain('"burnMessage"');
});
