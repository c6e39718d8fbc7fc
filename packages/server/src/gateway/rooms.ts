import { conversationTopic, type Topic } from '@parley/protocol';
import type { Bus, ConversationChange } from '../bus/bus.ts';
import { LiveConversation } from './live-conversation.ts';
import type { MembershipHead } from './memberships.ts';
import type { Person } from './person.ts';
import { textFrame } from './text-frame.ts';

/** A conversation with at least one person connected to this node. */
export interface Room {
  readonly tenant: string;
  readonly conversation: string;
  readonly live: LiveConversation;
  /** Those who are in it, each with the version up to which they need no event, or must get none. */
  readonly people: Map<Person, number>;
  /** Framed, waiting for the end of the tick. */
  queued: QueuedFrame[];
}

interface QueuedFrame {
  readonly frame: Buffer;
  /** This person is spared. */
  readonly except?: string | undefined;
  /** Of a durable change. */
  readonly version?: number;
}

/** What rooms are told of and ask for. */
export interface RoomsOptions {
  readonly bus: Bus;
  /** The changes of a conversation after a version; see `sync/read-gap.ts`. */
  readonly readGap: (
    room: { readonly tenant: string; readonly conversation: string },
    version: number,
    lastSeq: number,
  ) => Promise<readonly ConversationChange[]>;
  /** Who of these people is in it now, each with the version at which they joined. */
  readonly readMembers: (
    room: { readonly tenant: string; readonly conversation: string },
    users: readonly string[],
  ) => Promise<ReadonlyMap<string, number>>;
  /** Who left by a change is told before anybody gets it. */
  readonly onLeft: (room: Room, user: string, version: number) => void;
  readonly onError: (error: unknown) => void;
}

/**
 * The conversations that people connected here are in: who gets what is said there.
 *
 * Events are framed once and leave at the end of the tick in one buffer per conversation. Recipients
 * are looked up then, not when an event arrives.
 */
export class Rooms {
  readonly #options: RoomsOptions;
  readonly #rooms = new Map<Topic, Room>();
  readonly #dirty = new Set<Room>();
  #flushing = false;

  constructor(options: RoomsOptions) {
    this.#options = options;
  }

  get(topic: Topic): Room | undefined {
    return this.#rooms.get(topic);
  }

  all(): IterableIterator<Room> {
    return this.#rooms.values();
  }

  /** Puts a person into a conversation that stands at `head`, opening the room for the first one. */
  enter(person: Person, head: MembershipHead): Room {
    const { tenant } = person.scope;
    const topic = conversationTopic(tenant, head.conversation);
    let room = this.#rooms.get(topic);
    if (room === undefined) {
      room = this.#open(tenant, head);
      this.#rooms.set(topic, room);
      this.#options.bus.subscribe(topic);
    }
    // What is queued was said before this person came: it must not reach them.
    if (!room.people.has(person)) this.#flushRoom(room);
    room.people.set(person, Math.max(room.people.get(person) ?? 0, head.version));
    person.rooms.add(room);
    room.live.catchUp(head.version);
    return room;
  }

  /** Ends a person's place; the room closes behind the last one. */
  leave(person: Person, room: Room): void {
    person.rooms.delete(room);
    room.people.delete(person);
    if (room.people.size > 0) return;
    const topic = conversationTopic(room.tenant, room.conversation);
    room.live.close();
    this.#rooms.delete(topic);
    this.#options.bus.unsubscribe(topic);
  }

  /** Queues a frame for everybody in the room. */
  queue(room: Room, frame: QueuedFrame): void {
    room.queued.push(frame);
    this.#dirty.add(room);
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(() => this.#flush());
  }

  close(): void {
    for (const room of this.#rooms.values()) room.live.close();
  }

  #open(tenant: string, head: MembershipHead): Room {
    const { conversation } = head;
    const { readGap, onLeft, onError } = this.#options;
    const room: Room = {
      tenant,
      conversation,
      people: new Map(),
      queued: [],
      live: new LiveConversation({
        version: head.version,
        lastSeq: head.lastSeq,
        deliver: ({ version, left, frame }) => {
          if (left !== undefined) onLeft(room, left, version);
          this.queue(room, { frame: textFrame(frame), version });
        },
        readGap: async (version, lastSeq) => {
          const changes = await readGap({ tenant, conversation }, version, lastSeq);
          await this.#readAgain(room);
          return changes;
        },
        onError,
      }),
    };
    return room;
  }

  /** Something was missed: whoever was out for a while, or still is, must not get it late. */
  async #readAgain(room: Room): Promise<void> {
    const before = new Map(room.people);
    const users = [...before.keys()].map((person) => person.scope.user);
    const members = await this.#options.readMembers(room, users);
    for (const [person, since] of before) {
      // What was heard meanwhile is newer than what was read.
      if (room.people.get(person) !== since) continue;
      const joined = members.get(person.scope.user);
      if (joined === undefined)
        this.#options.onLeft(room, person.scope.user, Number.POSITIVE_INFINITY);
      else room.people.set(person, Math.max(since, joined));
    }
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
    let oldest = Number.POSITIVE_INFINITY;
    for (const { version = Number.POSITIVE_INFINITY } of queued) oldest = Math.min(oldest, version);
    for (const [person, since] of room.people) {
      const { user } = person.scope;
      if (since < oldest && !spared.has(user)) {
        person.send(all);
        continue;
      }
      const own = queued.filter(
        ({ except, version = Number.POSITIVE_INFINITY }) => except !== user && version > since,
      );
      if (own.length > 0) person.send(joinFrames(own));
    }
  }
}

function joinFrames(queued: readonly QueuedFrame[]): Buffer {
  const [first] = queued;
  if (queued.length === 1 && first !== undefined) return first.frame;
  return Buffer.concat(queued.map((one) => one.frame));
}
