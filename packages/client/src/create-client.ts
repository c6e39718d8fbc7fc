import { type HelloResult, newId, type ServerEvent, type User } from '@parley/protocol';
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
import { Blocks } from './people/blocks.ts';
import { readBlocked, readUsers } from './people/read-people.ts';
import { PresenceStore } from './presence/presence.ts';
import type {
  BlockedSnapshot,
  ConnectionState,
  Me,
  MeSnapshot,
  PresenceSnapshot,
} from './snapshots.ts';
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
  const blocked = new Cell<BlockedSnapshot>(batch, null);
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
  const presence = new PresenceStore(env, requests, people, blocked);
  const blocks = new Blocks(blocked, () => {
    replica.view++;
    for (const user of blocked.value ?? []) signs.endOf(user);
    sync.again();
  });
  const sync: Sync = new Sync(env, {
    requests,
    replica,
    batch,
    blocks,
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
    replica.become(hello.user.id, hello.role);
    setMe(hello.user, hello);
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

  function setMe(user: User, { role, members_may }: Pick<Me, 'role' | 'members_may'>): void {
    const before = me.value;
    // Of two tellings of a person the later holds; what I may, hello alone tells.
    const { id, name, avatar_url, updated_at } =
      before !== null && before.updated_at >= user.updated_at ? before : user;
    const now = { id, name, avatar_url, updated_at, role, members_may };
    if (JSON.stringify(before) !== JSON.stringify(now)) me.set(now);
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
      case 'block.updated':
        sync.personal(event);
        break;
      case 'user.updated':
        replica.people([event.user]);
        if (me.value?.id === event.user.id) setMe(event.user, me.value);
        break;
      case 'typing':
        if (event.user === replica.me || blocked.value?.includes(event.user)) break;
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
    me,
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
    blocked,
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
    getUsers: (users) => readUsers(requests, users),
    block: async (user) => {
      await requests.ask('block.add', { user });
    },
    unblock: async (user) => {
      await requests.ask('block.remove', { user });
    },
    listBlocked: () => readBlocked(requests),
    connect: () => {
      requests.open();
      monitor.connect();
    },
    disconnect: () => monitor.disconnect(),
  };
}
