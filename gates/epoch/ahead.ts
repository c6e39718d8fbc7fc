import type { Run } from '../kit/run.ts';
import { World } from './world.ts';

/** A client that knows more than there is, by version, by seq, or of itself: whatever the reason. */
export async function ahead(run: Run): Promise<void> {
  await using server = await run.cluster({ nodes: 1 });
  await using world = await World.make(run, server, { devices: 0, raw: 0, messages: 3 });
  const { epoch, me, known } = await world.learn();
  const tries = run.sized({ ci: 20, full: 1_000 });
  for (let n = 0; n < tries; n += 1) {
    const more = run.random.between(1, run.random.pick([1, 10, 1_000_000]));
    const which = run.random.pick(['version', 'last_seq', 'both'] as const);
    const further = Object.fromEntries(
      Object.entries(known).map(([id, at]) => [
        id,
        {
          version: at.version + (which === 'last_seq' ? 0 : more),
          last_seq: at.last_seq + (which === 'version' ? 0 : more),
        },
      ]),
    );
    await world.expectResetOf({ epoch, me, known: further }, `ahead by ${more} in ${which}`);
  }
  const { added } = await world.asBob((bob) => bob.ask('sync', { epoch, me: me + 5, known: {} }));
  run.expect(
    added.length === world.conversations.length,
    `with a \`me\` ahead everything is told as added: ${added.length}`,
  );
  run.note('clients ahead', tries);
}
