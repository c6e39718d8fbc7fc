import { newId } from '@parley/protocol';
import { MemoryBus } from '../../bus/memory.ts';
import type { Context } from '../../context.ts';
import { createConversationFor } from '../../conversations/create-conversation-for.ts';
import type { TenantSettings } from '../../db/tables.ts';
import type { TestDatabase } from '../../db/testing/test-database.ts';
import { upsertUser } from '../upsert-user.ts';

/** A tenant's people in a test, and what actions need to act as one of them. */
export interface TestPeople {
  readonly tenant: string;
  readonly bus: MemoryBus;
  as(user: string): Context;
  /** Makes people, by id and name. */
  add(people: Readonly<Record<string, string>>): Promise<void>;
  /** Made by the host, whomever the directory shows. */
  group(creator: string, members: readonly string[]): Promise<string>;
  deactivate(user: string): Promise<void>;
}

export async function createTestPeople(
  { db, sql }: TestDatabase,
  settings: TenantSettings = {},
): Promise<TestPeople> {
  const tenant = `t-${newId().slice(-12)}`;
  const bus = new MemoryBus();
  const registration = newId();
  await sql
    .insertInto('tenant')
    .values({ id: tenant, name: tenant, settings: JSON.stringify(settings) })
    .execute();
  await sql
    .insertInto('signing_key')
    .values({
      tenant_id: tenant,
      kid: 'test',
      algorithm: 'HS256',
      secret: Buffer.alloc(1),
      registration,
    })
    .execute();
  const as = (user: string): Context => ({
    scope: { tenant, user },
    session: { kid: 'test', registration, issuedAt: Date.now() },
    db: db.of(tenant),
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
      const scope = { tenant, user: creator };
      const input = { kind: 'group' as const, members };
      const made = await createConversationFor({ db, bus, now: Date.now }, scope, input);
      return made.conversation.id;
    },
    deactivate: async (user) => {
      await sql
        .updateTable('app_user')
        .set({ deactivated_at: new Date() })
        .where('tenant_id', '=', tenant)
        .where('id', '=', user)
        .execute();
    },
  };
}
