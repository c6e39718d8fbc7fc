import type { Installed } from '../kit/installation.ts';
import type { Run } from '../kit/run.ts';
import { withDatabase } from '../kit/with-database.ts';
import type { World } from './world.ts';

interface Row {
  readonly id: string;
  readonly name: string | null;
  readonly members: string;
  readonly senders: string;
}

/** What was refused has changed nothing: names, places and roles are as they were made. */
export async function checkUntouched(run: Run, server: Installed, world: World): Promise<void> {
  const { conversations, canaries } = world;
  const expected: Readonly<
    Record<string, { name: string | null; members: string; senders: string }>
  > = {
    [conversations.group]: {
      name: `${canaries.group} name`,
      members:
        'adam admin, bob member, gus member, mia member, mona member, olga owner, tara member',
      senders: 'adam, bob, gus, mia, mona, olga, tara',
    },
    [conversations.direct]: {
      name: null,
      members: 'mia member, olga member',
      senders: 'mia, olga',
    },
    [conversations.blockedDirect]: {
      name: null,
      members: 'bob member, olga member',
      senders: 'bob',
    },
  };
  const rows = await withDatabase(server.address, async (session) => {
    const { rows } = await session.query<Row>(
      `select conversation.id, conversation.name,
        (select string_agg(user_id || ' ' || role, ', ' order by user_id) from member
          where tenant_id = $1 and conversation_id = conversation.id and left_at is null) as members,
        (select string_agg(distinct sender_id, ', ') from message
          where tenant_id = $1 and conversation_id = conversation.id) as senders
      from conversation where tenant_id = $1 and id = any($2::uuid[])`,
      [world.acme.id, Object.keys(expected)],
    );
    return rows;
  });
  for (const { id, name, members, senders } of rows) {
    const wanted = expected[id];
    const found = JSON.stringify({ name, members, senders });
    const strangers = senders
      .split(', ')
      .filter((sender) => wanted?.senders.split(', ').includes(sender) !== true);
    run.expect(
      name === wanted?.name && members === wanted?.members && strangers.length === 0,
      `${JSON.stringify(wanted)} has become ${found}`,
    );
  }
  run.expect(rows.length === 3, 'a conversation is gone');
}
