import { expect, it } from 'vitest';
import { createTestDatabase, withSession } from '../db/testing/test-database.ts';
import { planSettings, statements } from './append-statements.ts';

const keyed = [
  { name: 'lock', indexes: ['conversation_pkey'] },
  { name: 'ended', indexes: ['app_user_pkey', 'signing_key_pkey', 'tenant_pkey'] },
  { name: 'members', indexes: ['member_pkey'] },
  { name: 'existing', indexes: ['message_tenant_id_conversation_id_id_key'] },
  { name: 'quoted', indexes: ['member_pkey', 'message_tenant_id_conversation_id_id_key'] },
  { name: 'advance', indexes: ['conversation_pkey'] },
] as const;

it('[GC11] Appending finds rows by their whole key, even while the database is empty', async () => {
  await using database = await createTestDatabase();
  await withSession(database.address, async (session) => {
    for (const setting of planSettings) await session.query(`set ${setting}`);
    for (const { name, indexes } of keyed) {
      const { rows } = await session.query<{ 'QUERY PLAN': string }>(
        `explain (generic_plan) ${statements[name].text}`,
      );
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
      const used = [...plan.matchAll(/Index (?:Only )?Scan using (\w+)/g)]
        .map((match) => match[1])
        .sort();
      expect(used, `${name}\n${plan}`).toEqual(indexes);
    }
  });
});
