import {
  type CommandResults,
  type ConversationChanges,
  type ConversationEvent,
  type ConversationRow,
  effectiveRole,
  type Mark,
  type Member,
  type Message,
  newId,
  ParleyError,
  type PersonalEvent,
  parseRequest,
  type Request,
  type ServerEvent,
  type SystemAct,
  type TenantRole,
  type User,
} from '@parley/protocol';
import { compareIds } from '../conversation/members.ts';
import type { FakeLine, FakePeer } from './fake-network.ts';

interface StoredMember extends Mark {
  readonly user: string;
  readonly role: Member['role'];
  readonly joinedSeq: number;
  readonly joinedVersion: number;
  readonly me: number;
  readonly leftAt: string | null;
  readonly version: number;
}

interface StoredMessage extends Message {
  readonly createdVersion: number;
}

interface StoredConversation {
  readonly id: string;
  readonly kind: 'direct' | 'group';
  readonly createdBy: string;
  readonly createdAt: string;
  name: string | null;
  version: number;
  fieldsVersion: number;
  lastActivityAt: string;
  readonly messages: StoredMessage[];
  readonly members: Map<string, StoredMember>;
}

interface StoredUser extends User {
  me: number;
  renamedAt: number;
  role: TenantRole;
  readonly blocks: Set<string>;
  blocksVersion: number;
  readonly personal: PersonalEvent[];
}

interface Connection {
  readonly line: FakeLine;
  readonly user: string;
  /** Versions before the first event that was lost on the way to it, by conversation. */
  readonly missing: Map<string, number>;
  missingMe: number | undefined;
}

/** Small numbers, so that a test of few steps meets every limit. */
const small = { page: 4, messagesPerSync: 3, changesBeforeReset: 8, addedPerSync: 2, known: 5 };

/**
 * A server in memory that speaks the protocol, for tests of the SDK alone.
 *
 * It keeps the real one's promises (versions, `prev`, sync, marks) with small limits, and loses
 * events where a test says so; `repair` then tells them again, as the real one does.
 */
export class FakeServer implements FakePeer {
  readonly conversations = new Map<string, StoredConversation>();
  readonly #users = new Map<string, StoredUser>();
  readonly #connections = new Map<FakeLine, Connection>();
  readonly #now: () => number;
  epoch = 'epoch-1';
  /** Asked before an event goes to a line: whether it is lost on the way. */
  loses: () => boolean = () => false;
  /** Asked before a request is answered: an error to answer instead. */
  fails: (request: Request) => ParleyError | undefined = () => undefined;
  /** Requests taken, by type: what a test may count. */
  readonly taken: Request[] = [];
  expiresInMs = 3_600_000;
  /** How far its clock is ahead of the devices'. */
  aheadMs = 0;
  membersMay: readonly ('rename' | 'add')[] = [];

  constructor(now: () => number, people: readonly string[]) {
    this.#now = now;
    for (const id of people) {
      this.#users.set(id, {
        ...this.#person(id, id),
        me: 0,
        renamedAt: 0,
        role: 'member',
        blocks: new Set(),
        blocksVersion: 0,
        personal: [],
      });
    }
  }

  opened(_line: FakeLine): void {}

  closed(line: FakeLine): void {
    this.#connections.delete(line);
  }

  frame(line: FakeLine, text: string): void {
    const request = parseRequest(text);
    this.taken.push(request);
    const { id } = request;
    const answer = (reply: object) => {
      if (id !== undefined) line.toClient.push(JSON.stringify({ id, ...reply }));
    };
    try {
      const error = this.fails(request);
      if (error !== undefined) throw error;
      const connection = this.#connections.get(line);
      if (request.type === 'hello') answer({ result: this.#hello(line, request.input.token) });
      else if (connection === undefined) throw new ParleyError('hello_first');
      else answer({ result: this.#answer(connection.user, request) });
    } catch (error) {
      if (!(error instanceof ParleyError)) throw error;
      answer({ error: error.toWire() });
    }
  }

  /** Does what a request of this person would do, without a line. */
  act(user: string, type: string, input: object): unknown {
    const text = JSON.stringify({ id: 1, type, ...input });
    return this.#answer(user, parseRequest(text));
  }

  say(user: string, id: string, body: string): void {
    const message = { id: newId(this.#now()), body };
    this.act(user, 'message.send', { conversation: id, message });
  }

  create(user: string, others: readonly string[]): string {
    const id = newId(this.#now());
    this.act(user, 'conversation.create', { kind: 'group', members: others, conversation: id });
    return id;
  }

  edit(id: string, seq: number, change: { body?: string; delete?: boolean }): void {
    const conversation = this.#get(id);
    const index = seq - 1;
    const old = conversation.messages[index];
    if (old === undefined || old.kind !== 'text') return;
    const at = this.#time();
    const version = ++conversation.version;
    const message: StoredMessage = {
      ...old,
      version,
      ...(change.delete
        ? { body: '', deleted_at: at }
        : { body: change.body ?? '', edited_at: at }),
    };
    conversation.messages[index] = message;
    this.#tell(conversation, {
      event: 'message.updated',
      conversation: id,
      version,
      message: toMessage(message),
    });
  }

  /** As the host product would; told at the next hello. */
  giveTenantRole(id: string, role: TenantRole): void {
    this.#user(id).role = role;
  }

  rename(id: string, name: string): void {
    const user = this.#user(id);
    // Never twice within a millisecond: the finest that a profile's time tells.
    const renamedAt = Math.max(this.#now(), user.renamedAt + 1);
    this.#users.set(id, { ...user, name, renamedAt });
    const event: ServerEvent = { event: 'user.updated', user: this.#person(id, name) };
    for (const connection of this.#connections.values()) this.#send(connection, event);
  }

  /** Tells again what was lost on the way: rows, in version order, chained by `prev`. */
  repair(): void {
    for (const connection of this.#connections.values()) {
      for (const [id, from] of connection.missing) {
        const conversation = this.conversations.get(id);
        if (conversation === undefined || !isIn(conversation, connection.user)) continue;
        for (const event of this.#gap(conversation, from)) {
          this.#send(connection, this.#asSeen(conversation, event, connection.user));
        }
      }
      connection.missing.clear();
      const { missingMe } = connection;
      if (missingMe === undefined) continue;
      connection.missingMe = undefined;
      for (const event of this.#user(connection.user).personal) {
        if (event.me <= missingMe) continue;
        if (event.event !== 'conversation.added') this.#send(connection, event);
        else {
          const conversation = this.#get(event.conversation.id);
          const row = isIn(conversation, connection.user)
            ? this.#row(conversation, connection.user)
            : event.conversation;
          this.#send(connection, { ...event, conversation: row });
        }
      }
    }
  }

  /** Everything is as a restore leaves it: the same rows, under the name of another history. */
  newEpoch(): void {
    this.epoch = `epoch-${newId(this.#now())}`;
    for (const line of [...this.#connections.keys()]) line.cut(1012);
  }

  /** What a backup would hold. */
  backup(): ReadonlyMap<string, StoredConversation> {
    return structuredClone(this.conversations);
  }

  /** The database is set back; `me` goes on, as everybody's numbers start anew with the epoch. */
  restore(backup: ReadonlyMap<string, StoredConversation>): void {
    this.conversations.clear();
    for (const [id, one] of structuredClone(backup)) this.conversations.set(id, one);
    this.newEpoch();
  }

  closeAll(code: number): void {
    for (const line of [...this.#connections.keys()]) line.cut(code);
  }

  /** To every line of this person. */
  tell(user: string, event: ServerEvent): void {
    for (const connection of this.#connections.values()) {
      if (connection.user === user) this.#send(connection, event);
    }
  }

  /** All of a conversation's messages, as this person would see them. */
  messages(id: string, user: string): Message[] {
    const conversation = this.#get(id);
    return conversation.messages.map((one) => this.#message(conversation, one, user));
  }

  #answer(user: string, request: Request): unknown {
    switch (request.type) {
      case 'hello':
        throw new ParleyError('bad_request');
      case 'ping':
        return {};
      case 'token.refresh':
        return { expires_at: this.#time(this.expiresInMs) };
      case 'conversation.create':
        return this.#create(user, request.input);
      case 'conversation.list':
        return this.#list(user, request.input.cursor);
      case 'conversation.get':
        return { conversation: this.#row(this.#mine(user, request.input.conversation), user) };
      case 'conversation.update': {
        const conversation = this.#mine(user, request.input.conversation);
        const { name = '' } = request.input;
        conversation.name = name;
        const version = ++conversation.version;
        conversation.fieldsVersion = version;
        const { id } = conversation;
        const changed = { name };
        this.#tell(conversation, {
          event: 'conversation.updated',
          conversation: id,
          version,
          changed,
        });
        this.#systemMessage(conversation, user, { type: 'renamed', name });
        return { conversation: this.#row(conversation, user) };
      }
      case 'conversation.leave':
        return this.#leave(this.#mine(user, request.input.conversation), user, user);
      case 'member.list':
        return { members: [], cursor: null };
      case 'member.add':
        return this.#add(user, request.input.conversation, request.input.users);
      case 'member.update':
        return this.#giveRole(user, request.input);
      case 'block.add':
        return this.#block(user, request.input.user, true);
      case 'block.remove':
        return this.#block(user, request.input.user, false);
      case 'block.list': {
        const ids = [...this.#user(user).blocks].sort(compareIds);
        const from = ids.findIndex((id) => id > (request.input.cursor ?? ''));
        const page = from < 0 ? [] : ids.slice(from, from + small.page);
        const cursor = page.length < small.page ? null : (page.at(-1) ?? null);
        return { users: page.map((id) => this.#person(id, this.#user(id).name)), cursor };
      }
      case 'member.remove':
        return this.#leave(this.#mine(user, request.input.conversation), request.input.user, user);
      case 'message.send':
        return this.#append(user, request.input);
      case 'message.list':
        return this.#page(user, request.input);
      case 'read':
        this.#mark(user, request.input.conversation, { read: request.input.seq });
        return {};
      case 'delivered':
        for (const [id, seq] of request.input.marks) this.#mark(user, id, { delivered: seq });
        return {};
      case 'typing':
        return {};
      case 'sync':
        return this.#sync(user, request.input);
      case 'presence.watch':
        return {
          users: request.input.users.map((id) => ({
            id,
            online:
              !this.#isBlocked(user, id) &&
              [...this.#connections.values()].some((one) => one.user === id),
            last_seen_at: null,
          })),
        };
      case 'presence.unwatch':
        return {};
      case 'user.search':
        return { users: [] };
      case 'user.get':
        return { users: request.input.users.map((id) => this.#person(id, this.#user(id).name)) };
      default:
        return request satisfies never;
    }
  }

  #hello(line: FakeLine, token: string): CommandResults['hello'] {
    const user = this.#users.get(token);
    if (user === undefined) throw new ParleyError('unauthorized');
    this.#connections.set(line, {
      line,
      user: token,
      missing: new Map(),
      missingMe: undefined,
    });
    return {
      user: this.#person(token, user.name),
      me: user.me,
      epoch: this.epoch,
      heartbeat_ms: 20_000,
      server_time: this.#time(),
      expires_at: this.#time(this.expiresInMs),
      role: user.role,
      members_may: this.membersMay,
    };
  }

  #create(
    user: string,
    input: Extract<Request, { type: 'conversation.create' }>['input'],
  ): unknown {
    const id = input.conversation ?? newId(this.#now());
    const existing = this.conversations.get(id);
    if (existing !== undefined) return { conversation: this.#row(existing, user) };
    for (const one of input.members) {
      if (this.#user(one).blocks.has(user)) throw new ParleyError('not_found');
      const isOwnBlock = input.kind === 'direct' && this.#user(user).blocks.has(one);
      if (isOwnBlock) throw new ParleyError('not_allowed');
    }
    const members = new Map<string, StoredMember>();
    for (const one of new Set([user, ...input.members])) {
      const me = ++this.#user(one).me;
      members.set(one, {
        user: one,
        role: one === user ? 'owner' : 'member',
        joinedSeq: 1,
        joinedVersion: 1,
        me,
        leftAt: null,
        version: 1,
        read: 0,
        delivered: 0,
      });
    }
    const conversation: StoredConversation = {
      id,
      kind: input.kind,
      createdBy: user,
      createdAt: this.#time(),
      name: input.name ?? null,
      version: 1,
      fieldsVersion: 1,
      lastActivityAt: this.#time(),
      messages: [],
      members,
    };
    this.conversations.set(id, conversation);
    for (const member of members.values()) this.#joined(conversation, member);
    return { conversation: this.#row(conversation, user) };
  }

  #list(user: string, cursor: string | undefined): CommandResults['conversation.list'] {
    const mine = [...this.conversations.values()]
      .filter((one) => isIn(one, user))
      .sort((a, b) => (place(a) < place(b) ? 1 : -1))
      .filter((one) => cursor === undefined || place(one) < cursor);
    const page = mine.slice(0, small.page);
    const last = page.at(-1);
    return {
      conversations: page.map((one) => this.#row(one, user)),
      cursor: mine.length > page.length && last !== undefined ? place(last) : null,
    };
  }

  #append(
    user: string,
    { conversation: id, message }: Extract<Request, { type: 'message.send' }>['input'],
  ): CommandResults['message.send'] {
    const conversation = this.#mine(user, id);
    const old = conversation.messages.find((one) => one.id === message.id);
    if (old !== undefined) {
      return { seq: old.seq, version: old.createdVersion, created_at: old.created_at };
    }
    const others = inside(conversation).filter((one) => one.user !== user);
    if (conversation.kind === 'direct' && others.some((one) => this.#isBlocked(user, one.user))) {
      throw new ParleyError('not_allowed', { message: 'You cannot write to each other now.' });
    }
    return this.#store(conversation, { ...message, sender: user, kind: 'text' });
  }

  #store(
    conversation: StoredConversation,
    message: Pick<Message, 'id' | 'sender' | 'kind' | 'body' | 'act' | 'reply_to'>,
  ): CommandResults['message.send'] {
    const version = ++conversation.version;
    const seq = conversation.messages.length + 1;
    const created_at = this.#time();
    const row = { ...message, seq, version, created_at, createdVersion: version };
    conversation.messages.push(row);
    conversation.lastActivityAt = created_at;
    this.#tell(conversation, {
      event: 'message.created',
      conversation: conversation.id,
      version,
      message: toMessage(row),
    });
    return { seq, version, created_at };
  }

  #systemMessage(conversation: StoredConversation, user: string, act: SystemAct): void {
    const id = newId(this.#now());
    this.#store(conversation, { id, sender: user, kind: 'system', body: '', act });
  }

  #page(
    user: string,
    input: Extract<Request, { type: 'message.list' }>['input'],
  ): CommandResults['message.list'] {
    const conversation = this.#mine(user, input.conversation);
    const { before = Number.POSITIVE_INFINITY } = input;
    const seen = visible(conversation, user).filter(({ seq }) => seq < before);
    return {
      messages: seen.slice(-small.page).map((one) => this.#message(conversation, one, user)),
      has_more: seen.length > small.page,
    };
  }

  #mark(user: string, id: string, mark: Partial<Mark>): void {
    const conversation = this.conversations.get(id);
    const member = conversation?.members.get(user);
    if (conversation === undefined || member === undefined || member.leftAt !== null) return;
    const last = conversation.messages.length;
    const read = Math.max(member.read, Math.min(mark.read ?? 0, last));
    const delivered = Math.max(member.delivered, Math.min(mark.delivered ?? 0, last), read);
    if (read === member.read && delivered === member.delivered) return;
    conversation.members.set(user, { ...member, read, delivered });
    const kind = read > member.read ? 'read' : 'delivered';
    const seq = kind === 'read' ? read : delivered;
    this.#tellAll(conversation, { event: kind, conversation: id, user, seq });
  }

  #add(user: string, id: string, users: readonly string[]): { version: number } {
    const conversation = this.#mine(user, id);
    const newcomers = users.filter((one) => !isIn(conversation, one));
    if (newcomers.some((one) => this.#user(one).blocks.has(user))) {
      throw new ParleyError('not_found');
    }
    if (newcomers.length === 0) return { version: conversation.version };
    const lastSeq = conversation.messages.length;
    const joining: StoredMember[] = [];
    for (const one of newcomers) {
      const version = ++conversation.version;
      const member: StoredMember = {
        user: one,
        role: 'member',
        joinedSeq: lastSeq + 1,
        joinedVersion: version,
        me: ++this.#user(one).me,
        leftAt: null,
        version,
        read: lastSeq,
        delivered: lastSeq,
      };
      joining.push(member);
      // Those who join get no event of what made them join, only the row.
      this.#tell(conversation, this.#memberEvent(conversation, member, 1));
      conversation.members.set(one, member);
    }
    const quiet = new Set(newcomers);
    this.#systemMessageFor(conversation, user, { type: 'members_added', users: newcomers }, quiet);
    for (const member of joining) this.#joined(conversation, member);
    return { version: conversation.version };
  }

  #systemMessageFor(
    conversation: StoredConversation,
    user: string,
    act: SystemAct,
    except: ReadonlySet<string>,
  ): void {
    this.#except = except;
    this.#systemMessage(conversation, user, act);
    this.#except = new Set();
  }

  #except: ReadonlySet<string> = new Set();

  #leave(conversation: StoredConversation, user: string, actor: string): { version: number } {
    const member = conversation.members.get(user);
    if (member === undefined || member.leftAt !== null) throw new ParleyError('not_found');
    const version = ++conversation.version;
    const left = { ...member, leftAt: this.#time(), version };
    conversation.members.set(user, left);
    this.#tell(conversation, this.#memberEvent(conversation, left, 0));
    this.#passOn(conversation);
    const act: SystemAct =
      actor === user ? { type: 'member_left' } : { type: 'member_removed', user };
    this.#systemMessage(conversation, actor, act);
    const me = ++this.#user(user).me;
    this.#personal(user, { event: 'conversation.removed', me, conversation: conversation.id });
    return { version };
  }

  #giveRole(
    user: string,
    { conversation: id, user: whom, role }: Extract<Request, { type: 'member.update' }>['input'],
  ): { version: number } {
    const conversation = this.#mine(user, id);
    const member = conversation.members.get(whom);
    if (member === undefined || member.leftAt !== null) throw new ParleyError('not_found');
    if (conversation.kind === 'direct') throw new ParleyError('not_allowed');
    if (member.role === role) return { version: conversation.version };
    this.#changeRole(conversation, member, role);
    this.#systemMessage(conversation, user, { type: 'role_changed', user: whom, role });
    return { version: conversation.version };
  }

  #changeRole(conversation: StoredConversation, member: StoredMember, role: Member['role']): void {
    const changed = { ...member, role, version: ++conversation.version };
    conversation.members.set(member.user, changed);
    this.#tell(conversation, this.#memberEvent(conversation, changed, 0));
  }

  /** A group keeps an owner. */
  #passOn(conversation: StoredConversation): void {
    const left = inside(conversation);
    if (conversation.kind === 'direct' || left.some(({ role }) => role === 'owner')) return;
    const heir = left.find(({ role }) => role === 'admin') ?? left[0];
    if (heir !== undefined) this.#changeRole(conversation, heir, 'owner');
  }

  #block(user: string, whom: string, blocked: boolean): object {
    const { blocks } = this.#user(user);
    if (user === whom) throw new ParleyError('bad_request');
    this.#user(whom);
    if (blocks.has(whom) === blocked) return {};
    if (blocked) blocks.add(whom);
    else blocks.delete(whom);
    const me = ++this.#user(user).me;
    this.#user(user).blocksVersion = me;
    this.#personal(user, { event: 'block.updated', me, user: whom, blocked });
    return {};
  }

  #isBlocked(one: string, other: string): boolean {
    return this.#user(one).blocks.has(other) || this.#users.get(other)?.blocks.has(one) === true;
  }

  /** A message as this person sees it: of whom they block, in a group, its place alone. */
  #message(conversation: StoredConversation, row: StoredMessage, user: string): Message {
    const message = toMessage(row);
    const { id, seq, version, created_at, kind, sender } = message;
    const isHidden = conversation.kind === 'group' && kind === 'text' && sender !== null;
    if (!isHidden || !this.#user(user).blocks.has(sender)) return message;
    return { id, seq, version, created_at, kind: 'hidden', sender: null, body: '' };
  }

  #asSeen(
    conversation: StoredConversation,
    event: ConversationEvent,
    user: string,
  ): ConversationEvent {
    if (!('message' in event)) return event;
    const row = conversation.messages[event.message.seq - 1];
    if (row === undefined) return event;
    const message = { ...row, ...event.message };
    return { ...event, message: this.#message(conversation, message, user) };
  }

  #sync(user: string, input: Extract<Request, { type: 'sync' }>['input']): CommandResults['sync'] {
    const same = input.epoch === undefined || input.epoch === this.epoch;
    const known = [...input.known];
    const mine = known.filter(([id]) => isIn(this.conversations.get(id), user));
    const from = same && input.me <= this.#user(user).me ? input.me : 0;
    const added = [...this.conversations.values()]
      .map((one) => ({ one, me: one.members.get(user)?.me ?? 0 }))
      .filter(({ one, me }) => isIn(one, user) && me > from)
      .sort((a, b) => a.me - b.me);
    const page = added.slice(0, small.addedPerSync);
    const more = added.length > page.length;
    const at = input.at === undefined ? Number.POSITIVE_INFINITY : Date.parse(input.at) - 10_000;
    return {
      epoch: this.epoch,
      me: more ? (page.at(-1)?.me ?? from) : this.#user(user).me,
      at: this.#time(),
      conversations: mine.map(([id, one], index) =>
        this.#changes(this.#get(id), user, one, same, index >= small.known),
      ),
      added: page.map(({ one }) => this.#row(one, user)),
      more,
      removed: known.map(([id]) => id).filter((id) => !isIn(this.conversations.get(id), user)),
      blocked: [...this.#user(user).blocks].sort(compareIds),
      blocked_version: this.#user(user).blocksVersion,
      users: [...this.#users.values()]
        .filter(({ renamedAt }) => renamedAt > at)
        .map(({ id, name }) => this.#person(id, name)),
    };
  }

  #changes(
    conversation: StoredConversation,
    user: string,
    known: { readonly version: number; readonly last_seq: number },
    same: boolean,
    isLater: boolean,
  ): ConversationChanges {
    const row = this.#row(conversation, user);
    const member = conversation.members.get(user);
    const messages = visible(conversation, user)
      .filter((one) => one.version > known.version)
      .sort((a, b) => a.version - b.version);
    const members = [...conversation.members.values()]
      .filter((one) => one.version > known.version)
      .sort((a, b) => a.version - b.version);
    const reset =
      !same ||
      known.version > conversation.version ||
      known.version < (member?.joinedVersion ?? 0) ||
      messages.length + members.length > small.changesBeforeReset;
    const base = {
      id: row.id,
      version: row.version,
      last_seq: row.last_seq,
      first_seq: row.first_seq,
      unread: row.unread,
      marks: row.marks,
      reset: false,
      members: [],
      messages: [],
      has_more: false,
    };
    const fields = { conversation: { name: row.name, member_count: row.member_count } };
    if (known.version === conversation.version && same) return base;
    if (isLater) return { ...base, has_more: true };
    if (reset) {
      const newest = visible(conversation, user)
        .slice(-small.page)
        .map((one) => this.#message(conversation, one, user));
      return { ...base, ...fields, members: row.members, messages: newest, reset };
    }
    return {
      ...base,
      ...(members.length > 0 || conversation.fieldsVersion > known.version ? fields : {}),
      members: members.map((one) => this.#member(one)),
      messages: messages
        .slice(0, small.messagesPerSync)
        .map((one) => this.#message(conversation, one, user)),
      has_more: messages.length > small.messagesPerSync,
    };
  }

  #gap(conversation: StoredConversation, from: number): ConversationEvent[] {
    const { id } = conversation;
    const events: ConversationEvent[] = [];
    for (const row of conversation.messages.filter(({ version }) => version > from)) {
      const event = row.createdVersion > from ? 'message.created' : 'message.updated';
      events.push({ event, conversation: id, version: row.version, message: toMessage(row) });
    }
    for (const member of conversation.members.values()) {
      if (member.version > from) events.push(this.#memberEvent(conversation, member, 0));
    }
    if (conversation.fieldsVersion > from) {
      events.push({
        event: 'conversation.updated',
        conversation: id,
        version: conversation.fieldsVersion,
        changed: { name: conversation.name },
      });
    }
    events.sort((a, b) => a.version - b.version);
    return events.map((event, index) => ({
      ...event,
      prev: events[index - 1]?.version ?? from,
    }));
  }

  #memberEvent(
    conversation: StoredConversation,
    member: StoredMember,
    more: number,
  ): ConversationEvent {
    return {
      event: 'member.updated',
      conversation: conversation.id,
      version: member.version,
      member: this.#member(member),
      member_count: inside(conversation).length + more,
    };
  }

  #joined(conversation: StoredConversation, member: StoredMember): void {
    this.#personal(member.user, {
      event: 'conversation.added',
      me: member.me,
      conversation: this.#row(conversation, member.user),
    });
  }

  #personal(user: string, event: PersonalEvent): void {
    this.#user(user).personal.push(event);
    for (const connection of this.#connections.values()) {
      if (connection.user !== user) continue;
      if (this.loses()) connection.missingMe ??= event.me - 1;
      else this.#send(connection, event);
    }
  }

  #tell(conversation: StoredConversation, event: ConversationEvent): void {
    for (const connection of this.#connections.values()) {
      if (!isIn(conversation, connection.user) || this.#except.has(connection.user)) continue;
      const { missing } = connection;
      if (!this.loses()) this.#send(connection, this.#asSeen(conversation, event, connection.user));
      else if (!missing.has(conversation.id)) missing.set(conversation.id, event.version - 1);
    }
  }

  #tellAll(conversation: StoredConversation, event: ServerEvent): void {
    for (const connection of this.#connections.values()) {
      if (isIn(conversation, connection.user)) this.#send(connection, event);
    }
  }

  #send({ line }: Connection, event: ServerEvent): void {
    line.toClient.push(JSON.stringify(event));
  }

  #row(conversation: StoredConversation, user: string): ConversationRow {
    const me = conversation.members.get(user);
    const seen = visible(conversation, user);
    const members = inside(conversation).sort((a, b) => compareIds(a.user, b.user));
    const last = seen.at(-1);
    return {
      id: conversation.id,
      kind: conversation.kind,
      name: conversation.name,
      version: conversation.version,
      last_seq: conversation.messages.length,
      first_seq: me?.joinedSeq ?? 1,
      member_count: members.length,
      metadata: {},
      created_by: conversation.createdBy,
      created_at: conversation.createdAt,
      members: members.map((one) => this.#member(one)),
      unread: seen.filter(
        (one) =>
          one.seq > (me?.read ?? 0) &&
          this.#message(conversation, one, user).kind === 'text' &&
          one.sender !== user &&
          one.deleted_at === undefined,
      ).length,
      last_message: last === undefined ? null : this.#message(conversation, last, user),
      my_role:
        conversation.kind === 'direct'
          ? 'member'
          : effectiveRole(me?.role ?? 'member', this.#user(user).role),
      last_activity_at: conversation.lastActivityAt,
      marks: Object.fromEntries(
        members.map(({ user: id, read, delivered }) => [id, { read, delivered }]),
      ),
    };
  }

  #member({ user, role, joinedSeq, version, leftAt }: StoredMember): Member {
    const person = this.#person(user, this.#user(user).name);
    return { ...person, role, joined_seq: joinedSeq, version, left_at: leftAt };
  }

  #person(id: string, name: string): User {
    const renamedAt = this.#users.get(id)?.renamedAt ?? 0;
    return { id, name, avatar_url: null, updated_at: new Date(renamedAt).toISOString() };
  }

  #user(id: string): StoredUser {
    const user = this.#users.get(id);
    if (user === undefined) throw new ParleyError('not_found');
    return user;
  }

  #get(id: string): StoredConversation {
    const conversation = this.conversations.get(id);
    if (conversation === undefined) throw new ParleyError('not_found');
    return conversation;
  }

  #mine(user: string, id: string): StoredConversation {
    const conversation = this.#get(id);
    if (!isIn(conversation, user)) throw new ParleyError('not_found');
    return conversation;
  }

  #time(inMs = 0): string {
    return new Date(this.#now() + this.aheadMs + inMs).toISOString();
  }
}

function isIn(conversation: StoredConversation | undefined, user: string): boolean {
  return conversation?.members.get(user)?.leftAt === null;
}

function inside(conversation: StoredConversation): StoredMember[] {
  return [...conversation.members.values()].filter(({ leftAt }) => leftAt === null);
}

function visible(conversation: StoredConversation, user: string): StoredMessage[] {
  const from = conversation.members.get(user)?.joinedSeq ?? 1;
  return conversation.messages.filter(({ seq }) => seq >= from);
}

function place(conversation: StoredConversation): string {
  return `${conversation.lastActivityAt} ${conversation.id}`;
}

function toMessage({ createdVersion: _, ...message }: StoredMessage): Message {
  return message;
}
