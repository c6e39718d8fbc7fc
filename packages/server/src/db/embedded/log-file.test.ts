import { mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { trimLog } from './log-file.ts';

test('A large log is set aside while its writer goes on, a small one stays', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-log-'));
  const log = join(folder, 'postgres.log');
  await trimLog(log);
  await writeFile(log, 'old ');
  await trimLog(log, 10);
  expect(await readdir(folder)).toEqual(['postgres.log']);
  const writer = await open(log, 'a');
  await writer.write('and more lines');
  await trimLog(log, 10);
  await writer.write('new');
  await writer.close();
  expect(await readFile(`${log}.1`, 'utf8')).toBe('old and more lines');
  expect(await readFile(log, 'utf8')).toBe('new');
  await rm(folder, { recursive: true });
});
