import {
  conversationTopic,
  presenceTopic,
  type Topic,
  userTopic,
} from '@parley/protocol';
import type {
  Bus,
  BusMessage,
  ConversationChange,
  Fleeting,
  Joined,
  Left,
} from '../bus/bus.ts';
import type { Scope } from '../scope.ts';
import { LiveConversation } from './live-conversation.ts';
import type { MembershipHead } from './memberships.ts';
import type { Outlet, Person, Room } from './person.ts';
import { textFrame } from './text-frame.ts';

interface HubOptions {
  readonly bus: Bus;
  readonly readMemberships: (scope: Scope) => Promise<readonly MembershipHead[]>;
  readonly readGap: (
    conversation: { readonly tenant: string; readonly conversation: string },
    version: number,
    lastSeq: number,
  ) => Promise<readonly ConversationChange[]>;
  /** The frame of `conversation.added` with the row as it is now; null when no longer a member. */
  readonly readJoined: (
    scope: Scope,
    joined: Joined,
  ) => Promise<{ readonly version: number; readonly frame: string } | null>;
  readonly onError: (error: unknown) => void;
}

/**
 * Who is connected to this node, and to which conversations.
 *
 * Events of a conversation are framed once, whatever the number of connections, and leave at the
 * end of the tick in one buffer. Recipients are looked up then, not when an event arrives.
 */
export class Hub {
  readonly #options: HubOptions;
  readonly #people = new Map<Topic, Person>();
  readonly #rooms = new Map<Topic, Room>();
  readonly #watchers = new Map<Topic, Set<Outlet>>();
  readonly #dirty = new Set<Room>();
  #flushing = false;

  constructor(options: HubOptions) {
    this.#options = options;
    options.bus.onMessage((topic, messages) => this.#hear(topic, messages));
  }

  /** Adds a connection; settles when it hears everything of its person's conversations. */
  async join(outlet: Outlet): Promise<void> {
    const topic = userTopic(outlet.scope.tenant, outlet.scope.user);
    let person = this.#people.get(topic);
    if (person === undefined) {
      person = {
        scope: outlet.scope,
        connections: new Set(),
        rooms: new Set(),
        ready: Promise.resolve(),
        leftMeanwhile: new Set(),
      };
      this.#people.set(topic, person);
      // Listen first, read second: what happens in between is heard, and told twice at worst.
      this.#options.bus.subscribe(topic);
      person.ready = this.#readRooms(person);
    }
    person.connections.add(outlet);
    await person.ready;
  }

  leave(outlet: Outlet): void {
    const topic = userTopic(outlet.scope.tenant, outlet.scope.user);
    const person = this.#people.get(topic);
    if (person === undefined || !person.connections.delete(outlet)) return;
    if (person.connections.size > 0) return;
    this.#people.delete(topic);
    this.#options.bus.unsubscribe(topic);
    for (const room of [...person.rooms]) this.#dropFromRoom(person, room);
  }

  /** Whether the connection's person is in this conversation, as far as this node knows. */
  isIn(scope: Scope, conversation: string): boolean {
    const person = this.#people.get(userTopic(scope.tenant, scope.user));
    const room = this.#rooms.get(conversationTopic(scope.tenant, conversation));
    return person !== undefined && room !== undefined && room.people.has(person);
  }

  watch(outlet: Outlet, users: Iterable<string>): void {
    for (const user of users) {
      const topic = presenceTopic(outlet.scope.tenant, user);
      const watchers = this.#watchers.get(topic);
      if (watchers !== undefined) {
        watchers.add(outlet);
      } else {
        this.#watchers.set(topic, new Set([outlet]));
        this.#options.bus.subscribe(topic);
      }
    }
  }

  unwatch(outlet: Outlet, users: Iterable<string>): void {
    for (const user of users) {
      const topic = presenceTopic(outlet.scope.tenant, user);
      const watchers = this.#watchers.get(topic);
      if (watchers === undefined || !watchers.delete(outlet) || watchers.size > 0) continue;
      this.#watchers.delete(topic);
      this.#options.bus.unsubscribe(topic);
    }
  }

  close(): void {
    for (const room of this.#rooms.values()) room.live.close();
  }

  #hear(topic: Topic, messages: readonly BusMessage[]): void {
    const room = this.#rooms.get(topic);
    const person = this.#people.get(topic);
    const changes: ConversationChange[] = [];
    for (const message of messages) {
      switch (message.type) {
        case 'change':
          changes.push(message);
          break;
        case 'fleeting':
          this.#tellFleeting(topic, message);
          break;
        case 'joined':
          if (person !== undefined) this.#joined(person, message);
          break;
        case 'left':
          if (person !== undefined) this.#left(person, message);
          break;
      }
    }
    if (changes.length > 0) room?.live.take(changes);
  }

  #tellFleeting(topic: Topic, message: Fleeting): void {
    const room = this.#rooms.get(topic);
    const frame = textFrame(message.frame);
    if (room !== undefined) {
      this.#queue(room, frame, message.except);
      return;
    }
    const outlets = this.#people.get(topic)?.connections ?? this.#watchers.get(topic) ?? [];
    for (const outlet of outlets) outlet.send(frame);
  }

  #joined(person: Person, joined: Joined): void {
    const { tenant } = person.scope;
    person.leftMeanwhile?.delete(joined.conversation);
    const existing = this.#rooms.get(conversationTopic(tenant, joined.conversation));
    // What is queued was said before this person came: it must not reach them.
    if (existing !== undefined) this.#flushRoom(existing);
    const room = this.#addToRoom(person, {
      conversation: joined.conversation,
      version: joined.version,
      lastSeq: joined.lastSeq,
    });
    if (room.live.version <= joined.version) {
      sendAll(person.connections, textFrame(joined.frame));
      return;
    }
    // More has happened here than the row tells: read it again, now that the person listens.
    this.#options
      .readJoined(person.scope, joined)
      .then((fresh) => {
        if (fresh !== null) sendAll(person.connections, textFrame(fresh.frame));
      })
      .catch(this.#options.onError);
  }

  #left(person: Person, left: Left): void {
    const room = this.#rooms.get(conversationTopic(person.scope.tenant, left.conversation));
    person.leftMeanwhile?.add(left.conversation);
    if (room !== undefined) this.#endIn(room, person, left.version);
    sendAll(person.connections, textFrame(left.frame));
  }

  /** Late news of an old leaving must not end a newer joining: the versions tell. */
  #endIn(room: Room, person: Person, version: number): void {
    const since = room.people.get(person);
    if (since !== undefined && since < version) this.#dropFromRoom(person, room);
  }

  async #readRooms(person: Person): Promise<void> {
    const topic = userTopic(person.scope.tenant, person.scope.user);
    try {
      const heads = await this.#options.readMemberships(person.scope);
      // Everybody may have gone while it was read.
      if (this.#people.get(topic) !== person) return;
      for (const head of heads) {
        if (!person.leftMeanwhile?.has(head.conversation)) this.#addToRoom(person, head);
      }
      person.leftMeanwhile = undefined;
    } catch (error) {
      if (this.#people.get(topic) === person) {
        this.#people.delete(topic);
        this.#options.bus.unsubscribe(topic);
      }
      throw error;
    }
  }

  #addToRoom(person: Person, head: MembershipHead): Room {
    const { tenant } = person.scope;
    const topic = conversationTopic(tenant, head.conversation);
    let room = this.#rooms.get(topic);
    if (room === undefined) {
      room = this.#openRoom(tenant, head);
      this.#rooms.set(topic, room);
      this.#options.bus.subscribe(topic);
    }
    const since = room.people.get(person) ?? 0;
    room.people.set(person, Math.max(since, head.version));
    person.rooms.add(room);
    room.live.catchUp(head.version);
    return room;
  }

  #openRoom(tenant: string, head: MembershipHead): Room {
    const { conversation } = head;
    const room: Room = {
      tenant,
      conversation,
      people: new Map(),
      queued: [],
      live: new LiveConversation({
        version: head.version,
        lastSeq: head.lastSeq,
        deliver: (change) => this.#deliver(room, change),
        readGap: (version, lastSeq) =>
          this.#options.readGap({ tenant, conversation }, version, lastSeq),
        onError: this.#options.onError,
      }),
    };
    return room;
  }

  #deliver(room: Room, change: ConversationChange): void {
    if (change.left !== undefined) {
      const person = this.#people.get(userTopic(room.tenant, change.left));
      if (person !== undefined) this.#endIn(room, person, change.version);
    }
    this.#queue(room, textFrame(change.frame), undefined);
  }

  #queue(room: Room, frame: Buffer, except: string | undefined): void {
    room.queued.push({ frame, except });
    this.#dirty.add(room);
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#flushing = false;
    for (const room of this.#dirty) this.#flushRoom(room);
    this.#dirty.clear();
  }

  #flushRoom(room: Room): void {
    const { queued } = room;
    if (queued.length === 0) return;
    room.queued = [];
    const all = joinFrames(queued);
    const spared = new Set(queued.map((one) => one.except));
    for (const person of room.people.keys()) {
      const { user } = person.scope;
      const frame = spared.has(user)
        ? joinFrames(queued.filter((one) => one.except !== user))
        : all;
      if (frame.length > 0) sendAll(person.connections, frame);
    }
  }

  #dropFromRoom(person: Person, room: Room): void {
    person.rooms.delete(room);
    room.people.delete(person);
    if (room.people.size > 0) return;
    const topic = conversationTopic(room.tenant, room.conversation);
    room.live.close();
    this.#rooms.delete(topic);
    this.#options.bus.unsubscribe(topic);
  }
}

function sendAll(outlets: Iterable<Outlet>, frame: Buffer): void {
  for (const outlet of outlets) outlet.send(frame);
}

function joinFrames(queued: readonly { readonly frame: Buffer }[]): Buffer {
  const [first] = queued;
  if (queued.length === 1 && first !== undefined) return first.frame;
  return Buffer.concat(queued.map((one) => one.frame));
}
