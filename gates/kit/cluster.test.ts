import { expect, inject, test } from 'vitest';
import { findProcess } from '../../packages/server/src/db/embedded/processes.ts';
import { startCluster } from './cluster.ts';
import { startEmbeddedTopology } from './embedded.ts';
import { textAt } from './http-call.ts';
import { openGatePostgres } from './postgres.ts';
import { SeededRandom } from './seeded-random.ts';
import type { Topology } from './topology.ts';

const random = new SeededRandom(1, 'topologies');
const postgres = () => openGatePostgres(JSON.stringify(inject('templateDatabase')));

async function isAlive(pid: number): Promise<boolean> {
  return (await findProcess(pid)) !== undefined;
}

async function talk(topology: Topology): Promise<void> {
  const tenant = await topology.tenant(['ann', 'ben']);
  const { body } = await topology.call('POST', '/v1/conversations', {
    bearer: tenant.token('ann'),
    body: { kind: 'direct', members: ['ben'] },
  });
  const conversation = textAt(body, 'conversation.id');
  const first = topology.nodes[0];
  const last = topology.nodes.at(-1);
  const ann = await tenant.connect('ann', first?.socketUrl);
  const ben = await tenant.connect('ben', last?.socketUrl);
  const id = crypto.randomUUID().replace(/^(.{14})./, '$17');
  await ann.ask('message.send', { conversation, message: { id, body: 'hello' } });
  await ben.event('message.created', ({ message }) => message.id === id);
  await ann.close();
  await ben.close();
}

test('[GT6] a cluster is real nodes behind nginx on one database and one Redis', async () => {
  const pids: number[] = [];
  {
    await using cluster = await startCluster(postgres, random, {
      proxied: ['redis', 'postgres', 'clients', 'front'],
    });
    const { nodes, redis, nginx, proxies } = cluster;
    expect(nodes.map(({ index }) => index)).toEqual([0, 1, 2]);
    expect([proxies.redis, proxies.postgres, proxies.clients].map((all) => all.length)).toEqual([
      3, 3, 3,
    ]);
    expect(await redis?.command('ping')).toBe('+PONG');
    await talk(cluster);
    for (const { accepted } of [...proxies.postgres, ...proxies.clients]) {
      expect(accepted).toBeGreaterThan(0);
    }
    // Everybody but one dead: nginx asks until it finds the one.
    const [one, two, three] = nodes;
    const port = one?.ownPort;
    await one?.kill();
    await two?.kill('SIGKILL');
    expect(one?.ended).toContain('SIGKILL');
    expect((await cluster.call('GET', '/readyz')).status).toBe(200);
    await Promise.all([one?.restart(), two?.restart()]);
    expect(one?.ownPort).toBe(port);
    expect((await one?.call('GET', '/readyz'))?.status).toBe(200);
    // A paused one answers when it goes on.
    three?.pause();
    const answer = three?.call('GET', '/healthz');
    three?.resume();
    expect((await answer)?.status).toBe(200);
    pids.push(...nodes.map(({ pid }) => pid), redis?.process.pid ?? 0, nginx?.pid ?? 0);
    expect(await Promise.all(pids.map(isAlive))).not.toContain(false);
  }
  expect(await Promise.all(pids.map(isAlive))).not.toContain(true);
});

test('[GT7] the PostgreSQL of a cluster may be killed, and started again', async () => {
  await using cluster = await startCluster(postgres, random, { nodes: 1, ownPostgres: true });
  await talk(cluster);
  await cluster.postgres?.kill('SIGKILL');
  expect((await cluster.nodes[0]?.call('GET', '/readyz'))?.status).toBe(503);
  await cluster.postgres?.restart();
  await expect
    .poll(async () => (await cluster.nodes[0]?.call('GET', '/readyz'))?.status, { timeout: 20_000 })
    .toBe(200);
  await talk(cluster);
});

test('[GT8] one embedded process has the same shape, and brings its PostgreSQL back', async () => {
  let postmaster = 0;
  {
    await using topology = await startEmbeddedTopology(random, { proxied: ['clients'] });
    await talk(topology);
    const before = await topology.postgres.pid();
    await topology.postgres.kill();
    await topology.postgres.restart();
    postmaster = await topology.postgres.pid();
    expect(postmaster).not.toBe(before);
    // The server is gone, its PostgreSQL is left behind.
    await topology.nodes[0]?.kill();
    expect(await isAlive(postmaster)).toBe(true);
  }
  expect(await isAlive(postmaster)).toBe(false);
});
