import type { Client } from 'pg';
import { openSession } from '../../packages/server/src/db/postgres/connect.ts';
import { pause } from '../history/talk.ts';
import type { Run } from '../kit/run.ts';
import type { Topology } from '../kit/topology.ts';
import { withDatabase } from '../kit/with-database.ts';

/** Something that happens to the database; it is over when it resolves. */
export interface DatabaseFault {
  readonly name: string;
  readonly run: () => Promise<void>;
}

/** What may happen on the line between a server and its database; each is healed when it resolves. */
export function lineFaults(run: Run, { proxies }: Topology): DatabaseFault[] {
  const { random } = run;
  const some = () => random.pick(proxies.postgres);
  return [
    {
      // Commits are carried out, and nobody hears of it.
      name: 'answers lost',
      async run() {
        const line = some();
        line.blackhole('toClient');
        await pause(random.between(50, 400));
        await line.heal();
      },
    },
    {
      name: 'questions lost',
      async run() {
        const line = some();
        line.blackhole('toServer');
        await pause(random.between(50, 400));
        await line.heal();
      },
    },
    {
      name: 'reset in an answer',
      async run() {
        const afterBytes = random.below(4_000);
        some().cut({ direction: 'toClient', afterBytes, how: 'reset' });
      },
    },
    {
      name: 'reset in a question',
      async run() {
        const afterBytes = random.below(20_000);
        some().cut({ direction: 'toServer', afterBytes, how: 'reset' });
      },
    },
    {
      name: 'database away',
      async run() {
        const line = some();
        await line.refuse();
        line.reset();
        await pause(random.between(100, 1_500));
        await line.accept();
      },
    },
    {
      name: 'line held up',
      async run() {
        const line = some();
        line.hold();
        await pause(random.between(100, 1_500));
        await line.heal();
      },
    },
  ];
}

/** The line goes dead without a word and never says one again, until somebody opens another. */
export function deadLine({ proxies }: Topology, ms: number): DatabaseFault {
  return {
    name: 'dead line',
    async run() {
      for (const line of proxies.postgres) line.blackhole();
      await pause(ms);
      for (const line of proxies.postgres) await line.heal({ keepSilent: true });
    },
  };
}

/** What other sessions do to the database; `people` are members whose rows may be locked. */
export function sessionFaults(
  run: Run,
  { address }: Topology,
  known: {
    readonly tenant: string;
    readonly conversations: readonly string[];
    readonly people: readonly string[];
  },
): DatabaseFault[] {
  const { random } = run;
  const { tenant, conversations, people } = known;
  const hold = (text: string, values: readonly unknown[], ms: number) =>
    withDatabase(address, async (session) => {
      await session.query('begin');
      await session.query(text, [...values]);
      await pause(ms);
      await session.query('rollback');
    });
  return [
    {
      name: 'connections terminated',
      run: () =>
        withDatabase(address, async (session) => {
          await session.query(`
            select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and pid <> pg_backend_pid()`);
        }),
    },
    {
      name: 'conversation locked',
      run: () =>
        hold(
          'select from conversation where tenant_id = $1 and id = $2 for update',
          [tenant, random.pick(conversations)],
          random.between(50, 2_500),
        ),
    },
    {
      // Its foreign key makes every message of theirs wait.
      name: 'writer locked',
      run: () =>
        hold(
          'select from app_user where tenant_id = $1 and id = $2 for update',
          [tenant, random.pick(people)],
          random.between(50, 2_500),
        ),
    },
    {
      name: 'table locked',
      run: () => hold('lock table message in share mode', [], random.between(50, 1_500)),
    },
    {
      // Two of them against each other, and against whoever changes a conversation's members.
      name: 'deadlock',
      async run() {
        const [one, other] = [random.pick(conversations), random.pick(conversations)];
        await Promise.all([
          crossLock(address, tenant, [one, other]),
          crossLock(address, tenant, [other, one]),
        ]);
      },
    },
    {
      name: 'no connection left',
      async run() {
        const taken = await takeAllConnections(address);
        await pause(random.between(100, 1_500));
        await Promise.all(taken.map((session) => session.end()));
      },
    },
  ];
}

async function crossLock(
  address: Topology['address'],
  tenant: string,
  conversations: readonly string[],
): Promise<void> {
  await withDatabase(address, async (session) => {
    await session.query("set deadlock_timeout = '100ms'; set lock_timeout = '1s'");
    try {
      await session.query('begin');
      for (const conversation of conversations) {
        await session.query(
          'select from conversation where tenant_id = $1 and id = $2 for no key update',
          [tenant, conversation],
        );
        await pause(30);
      }
    } catch (error) {
      // One of the two is the victim: that is the fault.
      if (!(error instanceof Error)) throw error;
    } finally {
      await session.query('rollback');
    }
  });
}

/** Cuts everybody off and takes the places of all. */
async function takeAllConnections(address: Topology['address']): Promise<Client[]> {
  const taken: Client[] = [];
  const first = await openSession(address);
  taken.push(first);
  const { rows } = await first.query<{ most: string }>('show max_connections');
  const most = Number(rows[0]?.most ?? Object.values(rows[0] ?? {})[0]);
  for (let round = 0; round < 3; round++) {
    await first.query(`
      select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name like 'parley %'
        and application_name <> 'parley session'`);
    for (; taken.length < most; ) {
      const next = await openSession(address).catch(() => undefined);
      if (next === undefined) break;
      taken.push(next);
    }
  }
  return taken;
}
