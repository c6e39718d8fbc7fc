import { newId } from '@parley/protocol';
import { MemoryBus } from '../../bus/memory.ts';
import type { Context } from '../../context.ts';
import { createConversation } from '../../conversations/create-conversation.ts';
import type { Database } from '../../db/database.ts';
import type { TenantSettings } from '../../db/tables.ts';
import { upsertUser } from '../upsert-user.ts';

/** A tenant's people in a test, and what actions need to act as one of them. */
export interface TestPeople {
  readonly tenant: string;
  readonly bus: MemoryBus;
  as(user: string): Context;
  /** Makes people, by id and name. */
  add(people: Readonly<Record<string, string>>): Promise<void>;
  group(creator: string, members: readonly string[]): Promise<string>;
  deactivate(user: string): Promise<void>;
}

export async function createTestPeople(
  db: Database,
  settings: TenantSettings = {},
): Promise<TestPeople> {
  const tenant = `t-${newId().slice(-12)}`;
  const bus = new MemoryBus();
  await db.sql
    .insertInto('tenant')
    .values({ id: tenant, name: tenant, settings: JSON.stringify(settings) })
    .execute();
  const as = (user: string): Context => ({
    scope: { tenant, user },
    db,
    bus,
    now: Date.now,
    append: {
      send: () => Promise.reject(new Error('These tests send nothing.')),
      close: async () => {},
    },
  });
  return {
    tenant,
    bus,
    as,
    add: async (people) => {
      for (const [id, name] of Object.entries(people)) {
        await upsertUser({ db, bus }, tenant, { id, name });
      }
    },
    group: async (creator, members) => {
      const made = await createConversation(as(creator), { kind: 'group', members });
      return made.conversation.id;
    },
    deactivate: async (user) => {
      await db.sql
        .updateTable('app_user')
        .set({ deactivated_at: new Date() })
        .where('tenant_id', '=', tenant)
        .where('id', '=', user)
        .execute();
    },
  };
}
