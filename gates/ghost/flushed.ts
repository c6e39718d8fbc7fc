import { connectAll, endAll, type Scene, some } from './scene.ts';
import { untilShown, Watcher } from './watcher.ts';

/** By now every node has said anew whom it has, and everybody has been looked up again. */
const settledMs = 7_000;
const patienceMs = 15_000;

/**
 * Redis is emptied: nobody notices. It is emptied while a node dies: its ghosts go all the same.
 *
 * Answers how long the last ghost was shown, in seconds.
 */
export async function checkFlushed(scene: Scene): Promise<number> {
  const { run, cluster, nodes, tenant, users } = scene;
  const { redis } = cluster;
  if (redis === undefined) throw new Error('there is no Redis');
  const [a, b, c] = nodes;
  const half = Math.floor(users.length / 2);
  const [here, there] = [users.slice(0, half), users.slice(half)];
  const doomed = await connectAll(scene, a, here);
  const people = await connectAll(scene, b, there);
  const watchers = [
    await Watcher.open(tenant, b, 'watch0', users),
    await Watcher.open(tenant, c, 'watch1', users),
  ];
  const began = performance.now();
  await redis.command('flushall');
  // Who asks at this moment is answered from what is known, or told a little later.
  const curious = await Watcher.open(tenant, c, 'watch2', users);
  const all = [...watchers, curious];
  await untilShown(all, () => performance.now() > began + settledMs, patienceMs);
  for (const watcher of all) {
    const wrong = watcher.wentSince(began, new Set(users));
    run.expect(wrong.length === 0, `Redis was emptied, and told offline are ${some(wrong)}`);
    const missing = watcher.otherwise(users, true);
    run.expect(missing.length === 0, `Redis was emptied, and not shown are ${some(missing)}`);
  }
  const leaving = there.slice(0, 5);
  endAll(leaving.flatMap((user) => people.get(user) ?? []));
  const left = () => all.every((one) => one.otherwise(leaving, false).length === 0);
  run.expect(await untilShown(all, left, patienceMs), 'who left afterwards is not told of');

  const killed = performance.now();
  await Promise.all([a.kill('SIGKILL'), redis.command('flushall')]);
  const ghosts = () => all.flatMap((one) => one.otherwise(here, false));
  const gone = await untilShown(all, () => ghosts().length === 0, patienceMs);
  run.expect(gone, `Redis was emptied, and ghosts of a dead node are ${some(ghosts())}`);
  const seconds = (performance.now() - killed) / 1_000;
  const stayed = there.slice(5);
  await untilShown(all, () => performance.now() > killed + settledMs, patienceMs);
  for (const watcher of all) {
    const wrong = watcher.wentSince(killed, new Set(stayed));
    run.expect(wrong.length === 0, `told offline with somebody else's node: ${some(wrong)}`);
  }
  endAll([...doomed.values(), ...people.values()]);
  for (const { socket } of all) socket.terminate();
  await a.restart();
  return seconds;
}
