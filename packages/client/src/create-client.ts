import { type HelloResult, limits, newId, type ServerEvent, type User } from '@parley/protocol';
import type { Client, ClientOptions } from './api.ts';
import { Handle, type HandleParts } from './conversation/handle.ts';
import { Pages } from './conversation/pages.ts';
import { Receipts } from './conversation/receipts.ts';
import { TypingSigns } from './conversation/typing-signs.ts';
import { List } from './conversations/list.ts';
import { Replica } from './conversations/replica.ts';
import { RowReader } from './conversations/row-reader.ts';
import { type Environment, systemEnvironment } from './environment.ts';
import type { Line } from './line/line.ts';
import { Requests } from './line/requests.ts';
import { Monitor } from './monitor/monitor.ts';
import { Outbox } from './outbox/outbox.ts';
import { PresenceStore } from './presence/presence.ts';
import type { ConnectionState, MeSnapshot, PresenceSnapshot } from './snapshots.ts';
import { Batch, Cell, View } from './store.ts';
import { Sync } from './sync/sync.ts';
import { Tokens } from './token/tokens.ts';
import { socketAddress } from './transport/address.ts';

const clientName = 'parley-js/0.1.0';

/**
 * Makes the client of one person; nothing is connected before `connect()`.
 *
 * Throws ParleyError `bad_request` when `url` is no http or ws address.
 */
export function createClient(
  options: ClientOptions,
  env: Environment = systemEnvironment(),
): Client {
  const address = socketAddress(options.url);
  const batch = new Batch();
  const state = new Cell<ConnectionState>(batch, { status: 'idle' });
  const me = new Cell<MeSnapshot>(batch, null);
  const people = new Cell<PresenceSnapshot>(batch, {});
  const handles = new Map<string, Handle>();
  let serverAheadMs = 0;

  const changed = (id: string) => handles.get(id)?.view.changed();
  const requests = new Requests(env);
  const replica: Replica = new Replica({
    gap: (id) => sync.gap(id),
    calm: () => sync.calm(),
    rowNeeded: (id) => rows.want(id),
    pageNeeded: (id) => pages.ensure(id),
    changed: (id, row) => {
      changed(id);
      listView.changed();
      outbox.settle(id, row?.version);
      if (row === undefined) receipts.forget(id);
      else receipts.received(row, replica.me);
      if (row !== undefined) pages.ensure(id);
    },
    ownMessage: (id, message) => outbox.seen(id, message),
  });
  const receipts: Receipts = new Receipts(env, {
    requests,
    taken: (id, mark) => {
      batch.run(() => replica.mark(id, replica.me, mark));
      rows.resume();
    },
  });
  const rows: RowReader = new RowReader(env, {
    requests,
    replica,
    isMarking: (id) => receipts.isMarking(id),
  });
  const pages: Pages = new Pages({ requests, replica, rows, changed });
  const outbox: Outbox = new Outbox(env, {
    requests,
    version: (id) => replica.get(id)?.row.version,
    changed,
  });
  const list: List = new List({
    now: env.now,
    requests,
    replica,
    batch,
    changed: () => listView.changed(),
  });
  const listView = new View(batch, () => list.snapshot());
  const signs = new TypingSigns(env, changed);
  const presence = new PresenceStore(env, requests, people);
  const sync: Sync = new Sync(env, {
    requests,
    replica,
    batch,
    synced: (anew) => list.refresh(anew),
  });
  const tokens = new Tokens(env, options.getToken);
  const monitor = new Monitor(env, {
    address,
    name: clientName,
    tokens,
    state,
    online: (line, hello) => batch.run(() => online(line, hello)),
    offline,
    closed: stop,
    event: (event) => batch.run(() => take(event)),
  });

  function online(line: Line, hello: HelloResult): string | undefined {
    if (replica.me !== '' && replica.me !== hello.user.id) {
      return 'The token is another person’s. Make a client of its own for each person.';
    }
    replica.me = hello.user.id;
    setMe(hello.user);
    serverAheadMs = Date.parse(hello.server_time) - env.now();
    requests.online(line);
    sync.resume(hello);
    list.resume();
    for (const part of [pages, rows, outbox, receipts, presence]) part.resume();
    return undefined;
  }

  function offline(): void {
    list.cut();
    requests.offline();
    for (const { typing } of handles.values()) typing.forget();
  }

  function stop(): void {
    requests.close();
    for (const part of [sync, rows, outbox, receipts, presence]) part.stop();
    for (const { typing } of handles.values()) typing.forget();
    signs.clear();
  }

  function setMe(user: User): void {
    const before = me.value;
    const { id, name, avatar_url, updated_at } = user;
    if (before !== null && before.id === id && before.updated_at >= updated_at) return;
    me.set({ id, name, avatar_url, updated_at });
  }

  function take(event: ServerEvent): void {
    switch (event.event) {
      case 'message.created':
        if (event.message.sender !== null) signs.end(event.conversation, event.message.sender);
        replica.change(event);
        break;
      case 'message.updated':
      case 'conversation.updated':
      case 'member.updated':
        replica.change(event);
        break;
      case 'conversation.added':
      case 'conversation.removed':
        sync.personal(event);
        break;
      case 'user.updated':
        replica.people([event.user]);
        if (event.user.id === replica.me) setMe(event.user);
        break;
      case 'typing':
        if (event.user === replica.me) break;
        if (event.typing) signs.begin(event.conversation, event.user);
        else signs.end(event.conversation, event.user);
        break;
      case 'read':
      case 'delivered':
        replica.mark(event.conversation, event.user, { [event.event]: event.seq });
        break;
      case 'presence':
        presence.told({
          id: event.user,
          online: event.online,
          last_seen_at: event.last_seen_at,
        });
        break;
      case 'drain':
        break;
      default:
        // A newer server's event; what must not be missed also comes with `sync`.
        break;
    }
  }

  const parts: HandleParts = {
    env,
    batch,
    requests,
    replica,
    pages,
    outbox,
    receipts,
    signs,
    serverNow: () => env.now() + serverAheadMs,
  };

  async function create(input: {
    readonly kind: 'direct' | 'group';
    readonly name?: string;
    readonly members: readonly string[];
  }) {
    // Named here, so that asking again after a cut makes nothing twice.
    const named = { ...input, conversation: newId(env.now()) };
    const { conversation } =
      requests.line === null
        ? await requests.ask('conversation.create', named)
        : await requests.insist('conversation.create', named);
    batch.run(() => replica.added(conversation));
    return conversation;
  }

  return {
    connection: state,
    me,
    conversations: {
      getSnapshot: listView.getSnapshot,
      subscribe: listView.subscribe,
      loadMore: () => list.loadMore(),
      reload: () => list.reload(),
    },
    presence: {
      getSnapshot: people.getSnapshot,
      subscribe: people.subscribe,
      watch: (users) => presence.watch(users),
    },
    conversation: (id) => {
      const key = id.toLowerCase();
      let handle = handles.get(key);
      if (handle === undefined) {
        handle = new Handle(key, parts);
        handles.set(key, handle);
      }
      return handle;
    },
    createDirect: (user) => create({ kind: 'direct', members: [user] }),
    createGroup: (group) => create({ kind: 'group', ...group }),
    searchUsers: async (text, limit) => {
      const input = { text, ...(limit === undefined ? {} : { limit }) };
      return (await requests.ask('user.search', input)).users;
    },
    getUsers: async (users) => {
      const found: User[] = [];
      for (let i = 0; i < users.length; i += limits.usersPerGet) {
        const some = users.slice(i, i + limits.usersPerGet);
        found.push(...(await requests.insist('user.get', { users: some })).users);
      }
      return found;
    },
    connect: () => {
      requests.open();
      monitor.connect();
    },
    disconnect: () => monitor.disconnect(),
  };
}
