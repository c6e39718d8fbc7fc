import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { newId } from '@parley/protocol';
import type { Gate } from '../kit/gate.ts';
import type { Answer } from '../kit/http-call.ts';
import type { Run } from '../kit/run.ts';
import type { Tenant } from '../kit/tenant.ts';
import type { Topology } from '../kit/topology.ts';
import { withDatabase } from '../kit/with-database.ts';

type Embedded = Awaited<ReturnType<Run['embedded']>>;

export const gate: Gate = {
  name: 'bitflip',
  promise: 'a bit that turned in stored data is found and told, never served; all else goes on',
  unit: '% of turned bits found',
  target: 100,
  async run(run) {
    const totals = { flipped: 0, found: 0 };
    await run.part('pages', async () => {
      await using topology = await run.embedded({ env: unlimited });
      const world = await fill(run, topology);
      for (let round = run.sized({ ci: 2, full: 60 }); round > 0; round--) {
        await turnBits(run, topology, world, totals, relations);
      }
    });
    await run.part('one page', async () => {
      await using topology = await run.embedded({ env: unlimited });
      const world = await fill(run, topology);
      for (let round = run.sized({ ci: 1, full: 40 }); round > 0; round--) {
        const refused = await turnBits(run, topology, world, totals, ['message']);
        // A page holds messages of two conversations at most, since each was filled by itself.
        run.expect(
          refused <= 2,
          `one bit took ${refused} of ${world.told.size} conversations away`,
        );
      }
    });
    await run.part('control file', async () => {
      await using topology = await run.embedded({ env: unlimited });
      await refuseControlFile(run, topology, totals);
    });
    run.note('turned bits', totals.flipped);
    return totals.flipped === 0 ? Number.NaN : (100 * totals.found) / totals.flipped;
  },
};

const unlimited = { PARLEY_RATE_SCALE: '0' };
const pageBytes = 8_192;

/** Tables and indexes that hold what people have. */
const relations = [
  'message',
  'message_pkey',
  'message_tenant_id_conversation_id_id_key',
  'conversation',
  'conversation_pkey',
  'member',
  'member_pkey',
  'app_user',
  'app_user_pkey',
] as const;

interface World {
  readonly tenant: Tenant;
  readonly conversations: readonly string[];
  /** What each conversation's history is, as it was told when all was well. */
  readonly told: ReadonlyMap<string, string>;
}

async function fill(run: Run, topology: Topology): Promise<World> {
  const people = Array.from({ length: 6 }, (_, index) => `person-${index}`);
  const tenant = await topology.tenant(people);
  const [owner = '', ...members] = people;
  const socket = await tenant.connect(owner);
  const conversations: string[] = [];
  for (let index = 0; index < 12; index++) {
    const id = newId();
    await socket.ask('conversation.create', { kind: 'group', conversation: id, members });
    conversations.push(id);
    const sends = Array.from({ length: 60 }, () =>
      socket.ask('message.send', {
        conversation: id,
        message: { id: newId(), body: run.random.bytes(300).toString('hex') },
      }),
    );
    await Promise.all(sends);
  }
  await socket.close();
  const told = new Map<string, string>();
  for (const id of conversations) told.set(id, (await history(topology, tenant, id)).text);
  return { tenant, conversations, told };
}

function history({ call }: Topology, tenant: Tenant, id: string): Promise<Answer> {
  const bearer = tenant.token('person-0');
  return call('GET', `/v1/conversations/${id}/messages?limit=50`, { bearer });
}

interface Flip {
  readonly relation: string;
  readonly page: number;
  readonly file: string;
  /** In the file. */
  readonly byte: number;
  readonly bit: number;
}

/** Turns one bit in some pages of a stopped database, looks what is told of it, and turns it back. */
async function turnBits(
  run: Run,
  topology: Embedded,
  world: World,
  totals: { flipped: number; found: number },
  which: readonly string[],
): Promise<number> {
  const flips = await chooseFlips(run, topology, which);
  await stop(topology);
  for (const flip of flips) await turn(flip);
  await topology.nodes[0]?.restart();

  for (const flip of flips) {
    totals.flipped += 1;
    const said = await readPage(topology, flip);
    const where = `${flip.relation}, page ${flip.page}`;
    if (/invalid page in block/.test(said)) totals.found += 1;
    else run.fail(`a turned bit of ${where}, byte ${flip.byte % pageBytes} was not found: ${said}`);
  }
  const refused = await serveNothingWrong(run, topology, world);

  await stop(topology);
  for (const flip of flips) await turn(flip);
  await topology.nodes[0]?.restart();
  for (const [id, text] of world.told) {
    const { text: now } = await history(topology, world.tenant, id);
    run.expect(now === text, 'all is as it was when the bits are turned back');
  }
  return refused;
}

/** Whatever is answered is right; the rest is an honest error, in the log too, and harms nobody else. */
async function serveNothingWrong(run: Run, topology: Embedded, world: World): Promise<number> {
  let refused = 0;
  for (const [id, text] of world.told) {
    const answer = await history(topology, world.tenant, id);
    if (answer.status === 200) {
      run.expect(answer.text === text, `damaged data was served: ${answer.text.slice(0, 300)}`);
    } else {
      refused += 1;
      run.expect(answer.status >= 500, `damaged data was answered with ${answer.status}`);
      run.expect(!/invalid page|base\//.test(answer.text), "the database's words were told");
    }
  }
  const log = `${topology.log()}${await topology.postgres.log()}`;
  run.expect(refused === 0 || /invalid page in block/.test(log), 'the log says nothing of it');
  const { status } = await topology.call('GET', '/healthz');
  run.expect(status === 200, `/healthz was answered with ${status}`);
  run.say(`  ${refused} of ${world.told.size} histories refused`);
  return refused;
}

async function chooseFlips(
  run: Run,
  { address, postgres }: Embedded,
  which: readonly string[],
): Promise<Flip[]> {
  return withDatabase(address, async (session) => {
    const flips: Flip[] = [];
    for (const relation of which) {
      const { rows } = await session.query<{ path: string; pages: number }>(
        `select pg_relation_filepath($1::regclass) as path,
          (pg_relation_size($1::regclass) / ${pageBytes})::int as pages`,
        [relation],
      );
      const [{ path = '', pages = 0 } = {}] = rows;
      const page = run.random.below(pages);
      const byte = page * pageBytes + run.random.below(pageBytes);
      const file = join(postgres.cluster, path);
      flips.push({ relation, page, file, byte, bit: run.random.below(8) });
    }
    return flips;
  });
}

/** Reads one page as every statement does; answers what PostgreSQL says. */
async function readPage({ address }: Topology, { relation, page }: Flip): Promise<string> {
  return withDatabase(address, async (session) => {
    await session.query('create extension if not exists pageinspect');
    await session.query('select get_raw_page($1, $2)', [relation, page]);
    return 'it was read';
  }).catch(String);
}

async function stop({ nodes }: Topology): Promise<void> {
  await nodes[0]?.kill('SIGTERM');
}

async function turn({ file, byte, bit }: Flip): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    const one = Buffer.alloc(1);
    await handle.read(one, 0, 1, byte);
    one[0] = (one[0] ?? 0) ^ (1 << bit);
    await handle.write(one, 0, 1, byte);
  } finally {
    await handle.close();
  }
}

/** The file that says where the log stands: no start on a wrong one, and words that say why. */
async function refuseControlFile(
  run: Run,
  topology: Embedded,
  totals: { flipped: number; found: number },
): Promise<void> {
  const [node] = topology.nodes;
  const file = join(topology.postgres.cluster, 'global', 'pg_control');
  await stop(topology);
  const whole = await readFile(file);
  // What the checksum covers is the first part; the rest of the file is room.
  const byte = run.random.between(8, 200);
  await turn({ relation: 'pg_control', page: 0, file, byte, bit: run.random.below(8) });
  totals.flipped += 1;
  const said = await node?.restart().then(
    () => 'it started',
    (error: unknown) => String(error),
  );
  if (said !== undefined && /control file|pg_control/.test(said)) totals.found += 1;
  else run.fail(`a damaged control file was not refused: ${said}`);
  await writeFile(file, whole);
  await node?.restart();
  const { status } = await topology.call('GET', '/readyz');
  run.expect(status === 200, 'it serves again with the file as it was');
}
