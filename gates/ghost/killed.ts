import type { Person } from '../kit/tenant.ts';
import { withDatabase } from '../kit/with-database.ts';
import { lastSeq, Marks } from './marks.ts';
import { connectAll, endAll, type Scene, some } from './scene.ts';
import { untilShown, Watcher } from './watcher.ts';

/** In this time after the kill somebody who comes to another node was never away. */
const unnoticedMs = 2_500;
const comingMs = 8_000;
const patienceMs = 15_000;
/** Nothing more is told after this time. */
const quietMs = 12_000;

/** `kill -9` of a node with everybody on it; answers how long the last ghost was shown, in seconds. */
export async function checkKilled(scene: Scene): Promise<number> {
  const { run, nodes, users, tenant } = scene;
  const [dying, b, c] = nodes;
  const everybody = await connectAll(scene, dying, users);
  const watchers = [
    await Watcher.open(tenant, b, 'watch0', users),
    await Watcher.open(tenant, c, 'watch1', users),
    await Watcher.open(tenant, b, 'watch2', users),
    await Watcher.open(tenant, c, 'watch3', users),
  ];
  const [host] = watchers;
  if (host === undefined) throw new Error('nobody watches');
  const marks = await Marks.begin(scene, host.socket, ['watch1']);
  const tabUsers = users.filter((_, index) => index % 10 === 0);
  const tabs = await connectAll(scene, c, tabUsers);
  const comers = users.filter((_, index) => index % 4 === 1);
  const ghosts = users.filter((user) => !tabs.has(user) && !comers.includes(user));
  const shown = await untilShown(
    watchers,
    () => watchers.every((one) => one.otherwise(users, true).length === 0),
    patienceMs,
  );
  run.expect(shown, 'not everybody who came is shown online');

  for (const seq of [1, 2]) {
    await Promise.all([...everybody].map(([user, person]) => marks.read(user, person, seq)));
  }
  const marked = marks.acknowledged.size;
  run.expect(marked === users.length, `only ${marked} of ${users.length} have read anything`);
  // Marks are under way while it happens.
  const reading = [...everybody].map(async ([user, person]) => {
    for (let seq = 3; seq < lastSeq; seq++) await marks.read(user, person, seq);
  });
  await new Promise((resolve) => setTimeout(resolve, run.random.between(0, 100)));
  const killedWall = Date.now();
  const killed = performance.now();
  await dying.kill('SIGKILL');
  const coming = comers.map((user, index) => comeBack(scene, user, index, marks));

  const allGone = () => watchers.every((one) => one.otherwise(ghosts, false).length === 0);
  const gone = await untilShown(watchers, allGone, patienceMs);
  const left = new Set(watchers.flatMap((one) => one.otherwise(ghosts, false)));
  run.expect(gone, `${left.size} ghosts are still shown after ${patienceMs / 1_000} s`);
  const last = Math.max(
    0,
    ...watchers.flatMap((one) => one.told.filter(({ online }) => !online).map(({ at }) => at)),
  );
  const seconds = (gone ? last - killed : patienceMs) / 1_000;
  const back = await Promise.all(coming);
  await Promise.all(reading);
  await untilShown(watchers, () => performance.now() > killed + quietMs, patienceMs);

  const steady = new Set([...tabUsers, ...back.filter((one) => one.early).map((one) => one.user)]);
  for (const watcher of watchers) {
    const [flickered, missing] = [
      watcher.wentSince(killed, steady),
      watcher.otherwise(comers, true),
    ];
    run.expect(flickered.length === 0, `told offline although there: ${some(flickered)}`);
    run.expect(missing.length === 0, `back and not shown online: ${some(missing)}`);
    const { wentBack } = watcher;
    run.expect(
      wentBack.length === 0,
      `a read mark went back before somebody’s eyes: ${some(wentBack)}`,
    );
  }
  const late = await Watcher.open(tenant, b, 'watch0', users);
  const wrong = [
    ...late.otherwise(ghosts, false),
    ...late.otherwise([...comers, ...tabUsers], true),
  ];
  run.expect(wrong.length === 0, `a new look is answered wrongly of ${some(wrong)}`);
  await checkLastSeen(scene, ghosts, killedWall);
  await marks.check(scene, late);
  endAll([...everybody.values(), ...tabs.values(), ...back.map((one) => one.person)]);
  for (const { socket } of [...watchers, late]) socket.terminate();
  await dying.restart();
  return seconds;
}

/** Half of them at once, the others some time, to either of the nodes that live. */
async function comeBack({ run, nodes, tenant }: Scene, user: string, index: number, marks: Marks) {
  const waitMs = index % 2 === 0 ? 0 : run.random.between(unnoticedMs, comingMs);
  await new Promise((resolve) => setTimeout(resolve, waitMs));
  const began = performance.now();
  const node = nodes[1 + ((index % 2 === 0 ? index / 2 : index) % 2)] ?? nodes[1];
  const person: Person = await tenant.connect(user, node.socketUrl);
  const early = waitMs === 0 && performance.now() - began < unnoticedMs;
  // An old tab that says what it has read must not take the mark back.
  await marks.read(user, person, lastSeq);
  await person.ask('read', { conversation: marks.groupOf(user), seq: 1 });
  return { user, person, early };
}

/** When a ghost was seen last is when its node renewed its lease last: two seconds before, at the most. */
async function checkLastSeen(scene: Scene, ghosts: readonly string[], killed: number) {
  const { run, cluster, tenant } = scene;
  const rows = await withDatabase(cluster.address, async (session) => {
    const answer = await session.query<{ id: string; last_seen_at: Date | null }>(
      'select id, last_seen_at from app_user where tenant_id = $1 and id = any($2)',
      [tenant.id, ghosts],
    );
    return answer.rows;
  });
  run.expect(rows.length === ghosts.length, `${rows.length} of ${ghosts.length} ghosts are stored`);
  const wrong = rows.filter(({ last_seen_at }) => {
    const at = last_seen_at?.getTime() ?? 0;
    return at < killed - 4_000 || at > killed + 1_000;
  });
  run.expect(
    wrong.length === 0,
    `wrong time last seen of ${some(wrong.map((one) => `${one.id} (${one.last_seen_at?.toISOString()})`))}`,
  );
}
