import type { MemberRole, TenantRole } from '@parley/protocol';
import { describe, expect, it } from 'vitest';
import { type FakeDevice, World } from '../testing/world.ts';
import type { Act } from './rights.ts';

const acts: readonly Act[] = ['rename', 'add', 'remove', 'promote', 'leave'];

function can({ client }: FakeDevice, id: string): string {
  return acts.filter((act) => client.conversation(id).can(act)).join(' ');
}

async function inGroup(options: { readonly role?: TenantRole; readonly by?: string } = {}) {
  const world = new World();
  const id = world.server.create(
    options.by ?? 'bob',
    ['ann', 'bob', 'cy'].filter((one) => one !== options.by),
  );
  world.server.giveTenantRole('ann', options.role ?? 'member');
  const ann = await world.connected('ann');
  await world.pass(2_000);
  const give = async (user: string, role: MemberRole) => {
    world.server.act('bob', 'member.update', { conversation: id, user, role });
    await world.pass(100);
  };
  const mine = () => ann.client.conversation(id).getSnapshot().myRole;
  return { world, id, ann, give, mine };
}

describe('what I may do', () => {
  it('[CL134] follows from my role, which follows from what is told', async () => {
    const { id, ann, give, mine } = await inGroup({ by: 'bob' });
    expect([mine(), can(ann, id)]).toEqual(['member', 'leave']);
    await give('ann', 'admin');
    expect([mine(), can(ann, id)]).toEqual(['admin', 'rename add remove leave']);
    await give('ann', 'owner');
    expect([mine(), can(ann, id)]).toEqual(['owner', 'rename add remove promote leave']);
    const [row] = ann.client.conversations.getSnapshot().conversations;
    expect(row?.my_role).toBe('owner');
    expect(ann.client.conversation('none').can('leave')).toBe(false);
    expect(ann.client.conversation('none').getSnapshot().myRole).toBeNull();
  });

  it('[CL134] an admin removes plain members, an owner anybody, nobody oneself', async () => {
    const { id, ann, give } = await inGroup({ by: 'bob' });
    const removable = () =>
      ['ann', 'bob', 'cy'].filter((user) => ann.client.conversation(id).can('remove', user)).join();
    await give('ann', 'admin');
    expect(removable()).toBe('cy');
    await give('cy', 'admin');
    expect(removable()).toBe('');
    await give('ann', 'owner');
    expect(removable()).toBe('bob,cy');
  });

  it('[CL134] an owner takes no role from the last owner who is known', async () => {
    const { id, ann, give } = await inGroup({ by: 'bob', role: 'admin' });
    const promotable = () =>
      ['bob', 'cy'].filter((user) => ann.client.conversation(id).can('promote', user)).join();
    expect(promotable()).toBe('cy');
    await give('cy', 'owner');
    expect(promotable()).toBe('bob,cy');
  });

  it('[CL134] is nothing but talking in a direct conversation', async () => {
    const world = new World();
    const ann = await world.connected('ann');
    const made = ann.client.createDirect('bob');
    await world.pass(100);
    const { id, my_role } = await made;
    expect([my_role, can(ann, id)]).toEqual(['member', '']);
  });

  it.each([
    ['admin', 'owner', 'rename add remove promote leave'],
    ['moderator', 'admin', 'rename add remove leave'],
    ['member', 'member', 'leave'],
    ['guest', 'member', 'leave'],
  ] as const)('[CL139] as %s of the tenant one counts as %s', async (role, counts, may) => {
    const { id, ann, mine } = await inGroup({ role });
    expect(ann.client.me.getSnapshot()).toMatchObject({ id: 'ann', role, members_may: [] });
    expect([mine(), can(ann, id)]).toEqual([counts, may]);
  });

  it('[CL139] a given role counts no less than before, and another in the tenant is told by hello', async () => {
    const { world, id, ann, give, mine } = await inGroup({ role: 'moderator' });
    await give('ann', 'member');
    await give('ann', 'owner');
    expect(mine()).toBe('owner');
    await give('ann', 'member');
    expect(mine()).toBe('admin');
    const me = ann.client.me.getSnapshot();
    ann.network.line?.cut();
    await world.pass(2_000);
    expect(ann.client.me.getSnapshot()).toBe(me);
    for (const [role, counts] of [
      ['guest', 'member'],
      ['admin', 'owner'],
      ['member', 'member'],
    ] as const) {
      world.server.giveTenantRole('ann', role);
      ann.network.line?.cut();
      await world.pass(6_000);
      expect([ann.client.me.getSnapshot()?.role, mine()]).toEqual([role, counts]);
    }
    world.server.rename('ann', 'Ann the First');
    await world.flow();
    expect(ann.client.me.getSnapshot()).toMatchObject({ name: 'Ann the First', role: 'member' });
    expect(can(ann, id)).toBe('leave');
  });

  it('[CL139] members may what the tenant has opened to them; guests may not', async () => {
    const { world, id, ann } = await inGroup();
    world.server.membersMay = ['rename'];
    ann.network.line?.cut();
    await world.pass(2_000);
    expect(can(ann, id)).toBe('rename leave');
    world.server.giveTenantRole('ann', 'guest');
    ann.network.line?.cut();
    await world.pass(2_000);
    expect(can(ann, id)).toBe('leave');
  });

  it('[CL135] gives roles, and the group keeps an owner', async () => {
    const { world, id, ann, mine } = await inGroup({ by: 'ann' });
    const handle = ann.client.conversation(id);
    handle.open();
    const role = (user: string) =>
      handle.getSnapshot().members.find((member) => member.id === user)?.role;
    void handle.setRole('cy', 'admin');
    await world.pass(1_000);
    expect([role('ann'), role('bob'), role('cy'), mine()]).toEqual([
      'owner',
      'member',
      'admin',
      'owner',
    ]);
    expect(handle.getSnapshot().messages.at(-1)).toMatchObject({
      kind: 'system',
      sender: 'ann',
      act: { type: 'role_changed', user: 'cy', role: 'admin' },
    });
    void handle.leave();
    await world.pass(1_000);
    const members = world.server.act('cy', 'conversation.get', { conversation: id });
    expect(members).toMatchObject({ conversation: { my_role: 'owner' } });
    ann.network.line?.cut();
    await expect(handle.setRole('cy', 'member')).rejects.toMatchObject({ code: 'unavailable' });
  });
});
