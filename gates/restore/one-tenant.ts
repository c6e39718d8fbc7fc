import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Run } from '../kit/run.ts';
import type { Tenant } from '../kit/tenant.ts';
import { withDatabase } from '../kit/with-database.ts';
import { urlOf } from './databases.ts';
import { fillMessages } from './fill.ts';
import { demandCommand, runCommand } from './run-command.ts';

/** One tenant of three goes to another installation, whose server runs; nothing else goes along. */
export async function oneTenant(run: Run): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-tenant-'));
  try {
    // One key for both: sealed secrets go along.
    const key = { PARLEY_SECRET_KEY: 'the-key-of-both-installations' };
    await using here = await run.cluster({ nodes: 1, env: key });
    await using there = await run.cluster({ nodes: 1, env: key });
    const tenants: Tenant[] = [];
    for (let n = 0; n < 3; n += 1) {
      const tenant = await here.tenant(['ann', 'bob']);
      await fillMessages(run, here.address, tenant.id, run.sized({ ci: 2_000, full: 50_000 }));
      tenants.push(tenant);
    }
    const [tenant] = tenants;
    if (tenant === undefined) return;
    const theirs = await there.tenant(['zoe']);
    const file = join(folder, 'tenant.backup');
    const env = (address: typeof here.address) => ({ DATABASE_URL: urlOf(address), ...key });
    await demandCommand(['backup', file, '--tenant', tenant.id], env(here.address));
    await demandCommand(['restore', file], env(there.address));
    const counted = async (address: typeof here.address, id: string) =>
      withDatabase(address, async (session) => {
        const { rows } = await session.query<{ said: string }>(
          `select count(*) || ', ' || sum(hashtextextended(message::text, 0)::numeric) as said
          from message where tenant_id = $1`,
          [id],
        );
        return rows[0]?.said;
      });
    const [before, after] = [
      await counted(here.address, tenant.id),
      await counted(there.address, tenant.id),
    ];
    run.expect(before === after, `all messages come along: ${before}, there ${after}`);
    const { rows } = await withDatabase(there.address, (session) =>
      session.query<{ id: string }>('select id from tenant'),
    );
    const ids = rows.map(({ id }) => id).toSorted();
    const expected = [tenant.id, theirs.id].toSorted();
    run.expect(ids.join() === expected.join(), `nothing else comes along: ${ids} for ${expected}`);
    const bearer = tenant.token('ann');
    const list = await there.call('GET', '/v1/conversations', { bearer });
    run.expect(list.status === 200, `people sign in there: ${list.status} ${list.text}`);
    const twice = await runCommand(['restore', file], { env: env(there.address) });
    run.expect(twice.said.includes('already'), `a second time is refused: ${twice.said}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
