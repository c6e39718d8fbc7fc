import { newId } from '@parley/protocol';
import { textAt } from '../kit/http-call.ts';
import type { Installed } from '../kit/installation.ts';
import type { Run } from '../kit/run.ts';
import type { Person, Tenant } from '../kit/tenant.ts';
import { actors, type ConversationName, extras, people, rivalOnly } from './people.ts';

/** Two tenants, their people and conversations, and texts that must only reach those who may see them. */
export interface World {
  readonly acme: Tenant;
  readonly rival: Tenant;
  readonly conversations: Readonly<Record<ConversationName, string>>;
  /** A message in each conversation; an id of none where it is invented. */
  readonly messages: Readonly<Record<ConversationName, string>>;
  /** The text that each conversation's name and messages hold. */
  readonly canaries: Readonly<Record<Exclude<ConversationName, 'invented'>, string>>;
  /** What the blocked person wrote in the group: not for the one who blocks them. */
  readonly blockedCanary: string;
  /** In the names of all people of a tenant. */
  readonly tenantCanaries: Readonly<Record<'acme' | 'rival', string>>;
  /** A group as the first one, for an act that changes it. */
  freshGroup(): Promise<string>;
  close(): Promise<void>;
}

type Sockets = Readonly<Record<string, Person>>;

export async function makeWorld(run: Run, server: Installed): Promise<World> {
  const word = () => run.random.bytes(6).toString('hex');
  const acme = await server.tenant();
  const rival = await server.tenant();
  const tenantCanaries = { acme: `canary-acme-${word()}`, rival: `canary-rival-${word()}` };
  const put = async (tenant: 'acme' | 'rival', id: string, role?: string) => {
    const { apiKey } = tenant === 'acme' ? acme : rival;
    const body = {
      name: `${tenantCanaries[tenant]} ${id}`,
      ...(role === undefined ? {} : { role }),
    };
    const answer = await server.call('PUT', `/v1/users/${id}`, { bearer: apiKey, body });
    if (answer.status !== 200) throw new Error(answer.text);
  };
  // First as members: a tenant's role alone must decide later, not how one came in.
  for (const actor of actors) await put(people[actor].tenant, people[actor].id);
  for (const id of Object.values(extras)) await put('acme', id);
  await put('rival', rivalOnly);

  const sockets: Sockets = {
    olga: await acme.connect('olga'),
    adam: await acme.connect('adam'),
    mia: await acme.connect('mia'),
    bob: await acme.connect('bob'),
    sam: await acme.connect('sam'),
    bea: await acme.connect('bea'),
    rivalMia: await rival.connect('mia'),
  };
  const canaries = {
    group: `canary-group-${word()}`,
    direct: `canary-direct-${word()}`,
    blockedDirect: `canary-blocked-direct-${word()}`,
    others: `canary-others-${word()}`,
    foreign: `canary-foreign-${word()}`,
  };
  const blockedCanary = `canary-bob-${word()}`;
  const of = (name: string): Person => {
    const socket = sockets[name];
    if (socket === undefined) throw new Error(`nobody is called ${name}`);
    return socket;
  };
  const create = async (by: string, kind: 'direct' | 'group', members: string[], name?: string) => {
    const named = name === undefined ? {} : { name };
    const { conversation } = await of(by).ask('conversation.create', { kind, members, ...named });
    return conversation.id;
  };
  const send = async (by: string, conversation: string, body: string) => {
    const id = newId();
    await of(by).ask('message.send', { conversation, message: { id, body } });
    return id;
  };
  const everybody = ['adam', 'mia', 'gus', 'rita', 'bob', 'mona', 'tara'];
  const group = async (name: string) => {
    // Through the tenant's own door: whatever the directory shows whom.
    const made = await server.call('POST', '/v1/users/olga/conversations', {
      bearer: acme.apiKey,
      body: { kind: 'group', members: everybody, name },
    });
    const id = textAt(made.body, 'conversation.id');
    await of('olga').ask('member.update', { conversation: id, user: 'adam', role: 'admin' });
    await of('olga').ask('member.remove', { conversation: id, user: 'rita' });
    return id;
  };

  const conversations = {
    group: await group(`${canaries.group} name`),
    direct: await create('olga', 'direct', ['mia']),
    blockedDirect: await create('bob', 'direct', ['olga']),
    others: await create('sam', 'group', ['tess'], `${canaries.others} name`),
    foreign: await create('rivalMia', 'group', ['olga'], `${canaries.foreign} name`),
    invented: newId(),
  };
  await of('rivalMia').ask('member.update', {
    conversation: conversations.foreign,
    user: 'olga',
    role: 'owner',
  });
  const messages = {
    group: await send('mia', conversations.group, `${canaries.group} body`),
    direct: await send('mia', conversations.direct, `${canaries.direct} body`),
    blockedDirect: await send('bob', conversations.blockedDirect, `${canaries.blockedDirect} body`),
    others: await send('sam', conversations.others, `${canaries.others} body`),
    foreign: await send('rivalMia', conversations.foreign, `${canaries.foreign} body`),
    invented: newId(),
  };
  await send('bob', conversations.group, `${blockedCanary} body`);
  await of('olga').ask('block.add', { user: 'bob' });
  await of('bea').ask('block.add', { user: 'adam' });
  for (const actor of actors) {
    const one = people[actor];
    if ('role' in one) await put(one.tenant, one.id, one.role);
  }
  const gone = await server.call('DELETE', `/v1/users/${extras.dan}`, { bearer: acme.apiKey });
  if (gone.status >= 300) throw new Error(gone.text);

  return {
    acme,
    rival,
    conversations,
    messages,
    canaries,
    blockedCanary,
    tenantCanaries,
    freshGroup: () => group('fresh'),
    async close() {
      for (const socket of Object.values(sockets)) await socket.close();
    },
  };
}
