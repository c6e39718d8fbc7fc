import type { SeededRandom } from '../kit/seeded-random.ts';
import type { TcpProxy } from './tcp-proxy.ts';

/** One way for lines to fail, for some time. */
export interface LineHarm {
  readonly name: string;
  /** Resolves at `until`; healing is up to the caller. */
  readonly run: (scene: Scene) => Promise<void>;
}

interface Scene {
  readonly proxies: readonly TcpProxy[];
  readonly random: SeededRandom;
  /** Of `performance.now()`. */
  readonly until: number;
}

/** How networks fail: silently and loudly, one way and both, at once and drop by drop. */
export const lineHarms: readonly LineHarm[] = [
  { name: 'blackhole', run: (scene) => lasting(scene, (proxy) => proxy.blackhole()) },
  {
    name: 'lost requests',
    run: (scene) => lasting(scene, (proxy) => proxy.blackhole('toServer')),
  },
  {
    name: 'lost answers',
    run: (scene) => lasting(scene, (proxy) => proxy.blackhole('toClient')),
  },
  { name: 'held', run: (scene) => lasting(scene, (proxy) => proxy.hold()) },
  {
    name: 'refused',
    run: (scene) =>
      lasting(scene, async (proxy) => {
        await proxy.refuse();
        proxy.reset();
      }),
  },
  { name: 'half-open', run: (scene) => lasting(scene, (proxy) => proxy.abandon('server')) },
  {
    name: 'reset',
    run: (scene) => again(scene, (proxy) => proxy.reset()),
  },
  {
    name: 'cut in the middle',
    run: (scene) =>
      again(scene, (proxy, { random }) =>
        proxy.cut({
          direction: random.pick(['toServer', 'toClient'] as const),
          afterBytes: random.below(3_000),
          how: random.pick(['close', 'reset'] as const),
        }),
      ),
  },
  {
    name: 'late',
    run: (scene) => lasting(scene, (proxy) => proxy.set({ delayMs: 100, jitterMs: 400 })),
  },
  {
    name: 'slow',
    run: (scene) => lasting(scene, (proxy) => proxy.set({ bytesPerSecond: 20_000 })),
  },
];

type Act = (proxy: TcpProxy, scene: Scene) => void | Promise<void>;

async function lasting(scene: Scene, act: Act): Promise<void> {
  for (const proxy of scene.proxies) await act(proxy, scene);
  await rest(scene.until - performance.now());
}

async function again(scene: Scene, act: Act): Promise<void> {
  while (performance.now() < scene.until) {
    await act(scene.random.pick(scene.proxies), scene);
    const pause = scene.random.between(10, 400);
    await rest(Math.min(pause, scene.until - performance.now()));
  }
}

function rest(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}
