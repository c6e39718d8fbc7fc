import type { Run } from '../kit/run.ts';
import { withDatabase } from '../kit/with-database.ts';
import { World } from './world.ts';

/** Messages are removed from the front, below and above what clients know. */
export async function retention(run: Run): Promise<void> {
  await using server = await run.cluster({ nodes: 1, env: { PARLEY_RATE_SCALE: '0' } });
  await using world = await World.make(run, server, {
    devices: run.sized({ ci: 10, full: 150 }),
    raw: run.sized({ ci: 10, full: 500 }),
    messages: 10,
  });
  await world.converge(10);
  await world.learnAgain();
  const below = await world.learn();
  world.switchOff();
  await world.write('removed unseen', 8);
  const above = await world.learn();
  await withDatabase(server.address, async (session) => {
    await session.query('begin');
    await session.query('delete from message where seq <= 16');
    await session.query('update conversation set first_seq = 17');
    await session.query('commit');
  });
  await world.write('after', 8);
  await world.expectReset('known from below the floor');
  const { conversations } = await world.asBob((bob) => bob.ask('sync', above));
  const places = world.conversations.length;
  run.expect(conversations.length === places, `${conversations.length} of ${places} told above`);
  for (const { reset, messages } of conversations) {
    run.expect(
      !reset && messages.length === 8,
      `known above the floor goes on, and told: ${reset}`,
    );
  }
  const told = await world.asBob((bob) => bob.ask('sync', below));
  run.expect(told.conversations.length === places, 'not all are told to who is below the floor');
  for (const { messages } of told.conversations) {
    run.expect(messages[0]?.seq === 17, `a reset begins at the floor, not at ${messages[0]?.seq}`);
  }
  // Who is connected is not told of it until then: it takes nothing that they could miss.
  world.cutLines();
  world.switchOn();
  await world.converge(10);
  run.note('clients of a cut history', world.clients);
}
