import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chooseOwner } from './owner.ts';

let cluster = '';

beforeAll(async () => {
  cluster = await mkdtemp(join(tmpdir(), 'parley-owner-'));
});

afterAll(() => rm(cluster, { recursive: true }));

const none = '/nonexistent/postgres/cluster';

// What root does can be tried as root alone, and what others do as others alone.
if (process.getuid?.() === 0) {
  test('[DB19] As root PostgreSQL runs as the first system user there is for it', async () => {
    const warnings: string[] = [];
    const owner = await chooseOwner(none, (text) => warnings.push(text), ['no-such', 'daemon']);
    expect(owner.name).toBe('daemon');
    expect(owner.spawn).toEqual({ uid: owner.uid, gid: owner.gid });
    expect(owner.uid).toBeGreaterThan(0);
    expect(warnings).toEqual([]);
  });

  test('[DB19] As root with no user for it, it runs as nobody, with a warning', async () => {
    const warnings: string[] = [];
    const owner = await chooseOwner(none, (text) => warnings.push(text), []);
    expect(owner.name).toBe('nobody');
    expect(warnings).toEqual([expect.stringContaining('useradd --system parley')]);
  });

  test('[DB19] As root data that exists keeps its owner', async () => {
    const { uid, gid } = await chooseOwner(none, () => {}, ['daemon']);
    await chown(cluster, uid, gid);
    expect(await chooseOwner(cluster, () => {}, [])).toMatchObject({ name: 'daemon', uid, gid });
    await chown(cluster, 54321, 54321);
    await expect(chooseOwner(cluster, () => {})).rejects.toThrow(/belongs to uid 54321.*chown/);
  });
} else {
  test('[DB19] An ordinary user runs PostgreSQL as itself', async () => {
    const { username, uid, gid } = userInfo();
    expect(await chooseOwner(none, () => {})).toEqual({ name: username, uid, gid, spawn: {} });
  });

  test('[DB19] An ordinary user is told when the data is another user’s', async () => {
    await expect(chooseOwner('/etc/cluster', () => {})).rejects.toThrow('belongs to another user');
  });
}
