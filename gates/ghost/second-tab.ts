import { connectAll, endAll, type Scene, some } from './scene.ts';
import { untilShown, Watcher } from './watcher.ts';

const patienceMs = 15_000;

/** A tab is closed while another one is open at another node; then that one, too. */
export async function checkSecondTab(scene: Scene): Promise<void> {
  const { run, nodes, tenant, users } = scene;
  const [a, b, c] = nodes;
  // The last of them has only the tab that closes: when it is told of, the others would have been.
  const kept = users.slice(0, -1);
  const marker = users.slice(-1);
  const watchers = [
    await Watcher.open(tenant, a, 'watch0', users),
    await Watcher.open(tenant, c, 'watch1', users),
  ];
  const tabs = await connectAll(scene, a, users);
  const phones = await connectAll(scene, b, kept);
  const began = performance.now();
  const everybody = () => watchers.every((one) => one.otherwise(users, true).length === 0);
  run.expect(await untilShown(watchers, everybody, patienceMs), 'not everybody is shown online');
  endAll(tabs.values());
  const markerGone = () => watchers.every((one) => one.otherwise(marker, false).length === 0);
  run.expect(await untilShown(watchers, markerGone, patienceMs), 'who left is not told of');
  for (const watcher of watchers) {
    const wrong = watcher.wentSince(began, new Set(kept));
    run.expect(wrong.length === 0, `a second tab closed, and told offline are ${some(wrong)}`);
  }
  endAll(phones.values());
  const allGone = () => watchers.every((one) => one.otherwise(users, false).length === 0);
  run.expect(
    await untilShown(watchers, allGone, patienceMs),
    'the last tab closed, and nobody told',
  );
  for (const { socket } of watchers) socket.terminate();
}
