import { TestSocket } from '../../packages/server/src/testing/test-socket.ts';
import { pause } from '../history/talk.ts';
import { textAt } from '../kit/http-call.ts';
import type { Run } from '../kit/run.ts';
import type { Tenant } from '../kit/tenant.ts';
import type { Node, Topology } from '../kit/topology.ts';

const leewayMs = 60_000;
/** What a line costs here, and a node that is corrected only now and then. */
const toleranceMs = 5_000;

/** Tokens of any node hold at all nodes, as long as they say and no longer, until they are revoked. */
export async function tokens(run: Run, cluster: Topology): Promise<void> {
  const tenant = await cluster.tenant(['ann', 'eve']);
  for (const maker of cluster.nodes) {
    const made = await mint(maker, tenant, 'ann', 3_600);
    const wrongByMs = Date.parse(made.expiresAt) - (Date.now() + 3_600_000);
    run.expect(
      Math.abs(wrongByMs) <= toleranceMs,
      `node ${maker.index} dates a token wrong by ${wrongByMs} ms`,
    );
    for (const node of cluster.nodes) {
      const takes = await isTaken(node, made.token);
      run.expect(takes, `node ${node.index} refuses a token of node ${maker.index}`);
    }
  }
  await signedElsewhere(run, cluster, tenant);
  await shortLived(run, cluster, tenant);
  await revoked(run, cluster, tenant);
}

/** The host product's own, by a true clock. */
async function signedElsewhere(run: Run, { nodes }: Topology, tenant: Tenant): Promise<void> {
  const now = Math.floor(Date.now() / 1_000);
  const leeway = (leewayMs + toleranceMs) / 1_000;
  const good = tenant.token('ann', { iat: now, exp: now + 60 });
  const expired = tenant.token('ann', { iat: now - 3_600, exp: now - leeway });
  const early = tenant.token('ann', { iat: now + leeway + 5, exp: now + 3_600 });
  for (const node of nodes) {
    run.expect(await isTaken(node, good), `node ${node.index} refuses a token of the host product`);
    run.expect(
      !(await isTaken(node, expired)),
      `node ${node.index} takes a token that has expired`,
    );
    run.expect(!(await isTaken(node, early)), `node ${node.index} takes a token of the future`);
  }
}

/** A socket goes when its token ends: not before, and not long after. */
async function shortLived(run: Run, { nodes }: Topology, tenant: Tenant): Promise<void> {
  const lifeMs = 3_000;
  await Promise.all(
    nodes.map(async (node) => {
      const { token } = await mint(node, tenant, 'ann', lifeMs / 1_000);
      const began = performance.now();
      const socket = await TestSocket.open(node.socketUrl);
      await socket.ask('hello', { token });
      const { code } = await socket.closed;
      const ms = performance.now() - began;
      const isInTime = ms >= lifeMs / 2 - 500 && ms <= lifeMs + toleranceMs;
      run.expect(
        code === 4001 && isInTime,
        `node ${node.index}: ${code} after ${Math.round(ms)} ms`,
      );
    }),
  );
}

/** Taking access back at any node ends what any other has issued. */
async function revoked(run: Run, { nodes }: Topology, tenant: Tenant): Promise<void> {
  const bearer = tenant.apiKey;
  for (const taker of nodes) {
    const before = await Promise.all(nodes.map((node) => mint(node, tenant, 'eve', 3_600)));
    await taker.call('POST', '/v1/users/eve/revoke', { bearer });
    // Nodes know the time to some milliseconds.
    await pause(200);
    const after = await Promise.all(nodes.map((node) => mint(node, tenant, 'eve', 3_600)));
    for (const node of nodes) {
      for (const { token } of before) {
        const takes = await isTaken(node, token);
        run.expect(!takes, `node ${node.index} takes a token that node ${taker.index} revoked`);
      }
      for (const { token } of after) {
        const takes = await isTaken(node, token);
        run.expect(
          takes,
          `node ${node.index} refuses a token from after node ${taker.index} revoked`,
        );
      }
    }
  }
}

async function mint(node: Node, tenant: Tenant, user: string, expires_in: number) {
  const path = `/v1/users/${user}/tokens`;
  const { status, text, body } = await node.call('POST', path, {
    bearer: tenant.apiKey,
    body: { expires_in },
  });
  if (status !== 201) throw new Error(`${status} ${text}`);
  return { token: textAt(body, 'token'), expiresAt: textAt(body, 'expires_at') };
}

async function isTaken(node: Node, token: string): Promise<boolean> {
  const { status, text } = await node.call('GET', '/v1/conversations', { bearer: token });
  if (status !== 200 && status !== 401) throw new Error(`${status} ${text}`);
  return status === 200;
}
