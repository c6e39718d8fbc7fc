import { connectAll, endAll, type Scene, some } from './scene.ts';
import { untilShown, Watcher } from './watcher.ts';

const patienceMs = 15_000;
/** A node that goes on says within this time whom it has. */
const againMs = 8_000;

/**
 * A node stands still longer than its lease lasts, and goes on: its people are gone and back.
 *
 * Answers how long the last of them was shown, in seconds.
 */
export async function checkPaused(scene: Scene): Promise<number> {
  const { run, nodes, tenant, users } = scene;
  const [a, b, c] = nodes;
  const people = await connectAll(scene, a, users);
  const watchers = [
    await Watcher.open(tenant, b, 'watch0', users),
    await Watcher.open(tenant, c, 'watch1', users),
  ];
  const [mover = ''] = users;
  const rest = users.slice(1);
  const paused = performance.now();
  a.pause();
  const moved = await tenant.connect(mover, b.socketUrl);
  const gone = () => watchers.every((one) => one.otherwise(rest, false).length === 0);
  run.expect(
    await untilShown(watchers, gone, patienceMs),
    'a node stands still, and nobody is gone',
  );
  const seconds = (performance.now() - paused) / 1_000;
  a.resume();
  const again = () => watchers.every((one) => one.otherwise(users, true).length === 0);
  const back = await untilShown(watchers, again, againMs);
  const missing = watchers.flatMap((one) => one.otherwise(users, true));
  run.expect(back, `their node goes on, and not shown are ${some(missing)}`);
  const resumed = performance.now();
  // Their sockets have never been closed.
  await Promise.all([...people.values()].map((person) => person.settled()));
  await untilShown(watchers, () => performance.now() > resumed + 3_000, patienceMs);
  for (const watcher of watchers) {
    const wrong = watcher.wentSince(resumed, new Set(users));
    run.expect(wrong.length === 0, `back, and told offline again: ${some(wrong)}`);
    const movers = watcher.wentSince(paused, new Set([mover]));
    run.expect(movers.length === 0, `came to another node, and was told offline: ${mover}`);
  }
  endAll([moved, ...people.values()]);
  for (const { socket } of watchers) socket.terminate();
  return seconds;
}
