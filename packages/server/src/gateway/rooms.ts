import { conversationTopic, type Topic } from '@parley/protocol';
import type { Bus, ConversationChange } from '../bus/bus.ts';
import { hiddenEvent } from '../messages/hidden-message.ts';
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
  /** Of two people one of whom blocks the other: neither is told the other's signs. */
  blocked: boolean;
  /** Framed, waiting for the end of the tick. */
  queued: QueuedFrame[];
}

interface QueuedFrame {
  readonly frame: Buffer;
  /** These people are spared. */
  readonly except?: readonly string[] | undefined;
  /** Of a durable change. */
  readonly version?: number;
  /** Those who block this person get a placeholder of a text, and nothing of a sign. */
  readonly sender?: string | undefined;
  /** The text of the event that can be hidden. */
  readonly event?: string;
  /** The frame of the placeholder, made when somebody needs it. */
  hidden?: Buffer;
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
    // Never back to false: what was heard may be newer than what was read. The next beat compares.
    if (head.blocked === true) room.blocked = true;
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
      blocked: head.blocked === true,
      queued: [],
      live: new LiveConversation({
        version: head.version,
        lastSeq: head.lastSeq,
        deliver: ({ version, left, sender, frame }) => {
          if (left !== undefined) onLeft(room, left, version);
          const hideable = sender === undefined ? {} : { sender, event: frame };
          this.queue(room, { frame: textFrame(frame), version, ...hideable });
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
      const { user } = person.scope;
      if ((members.get(user) ?? Number.POSITIVE_INFINITY) <= since) continue;
      // Out, and perhaps in again: then the next read lets them in, and tells them what is there.
      this.#options.onLeft(room, user, Number.POSITIVE_INFINITY);
      person.stale = true;
    }
  }

  #flush(): void {
    this.#flushing = false;
    for (const room of this.#dirty) this.#flushRoom(room);
    this.#dirty.clear();
  }

  #flushRoom(room: Room): void {
    const queued = room.blocked ? room.queued.filter(isNoSign) : room.queued;
    room.queued = [];
    if (queued.length === 0) return;
    const all = joinFrames(queued.map((one) => one.frame));
    const spared = new Set<string>();
    let oldest = Number.POSITIVE_INFINITY;
    for (const { except, version = Number.POSITIVE_INFINITY } of queued) {
      oldest = Math.min(oldest, version);
      if (except !== undefined) for (const user of except) spared.add(user);
    }
    for (const [person, since] of room.people) {
      if (since < oldest && !spared.has(person.scope.user) && !hidesFrom(person, queued)) {
        person.send(all);
        continue;
      }
      const own = queued.flatMap((one) => frameFor(person, since, one) ?? []);
      if (own.length > 0) person.send(joinFrames(own));
    }
  }
}

/** Typing, which in a room of two of whom one blocks the other nobody is told. */
function isNoSign({ sender, event }: QueuedFrame): boolean {
  return sender === undefined || event !== undefined;
}

function hidesFrom(person: Person, queued: readonly QueuedFrame[]): boolean {
  const { blocks } = person;
  if (blocks.size === 0) return false;
  return queued.some(({ sender }) => sender !== undefined && blocks.has(sender));
}

function frameFor(person: Person, since: number, one: QueuedFrame): Buffer | undefined {
  const { except, sender, event, version = Number.POSITIVE_INFINITY } = one;
  if (version <= since || except?.includes(person.scope.user) === true) return undefined;
  if (sender === undefined || !person.blocks.has(sender)) return one.frame;
  if (event === undefined) return undefined;
  one.hidden ??= textFrame(hiddenEvent(event));
  return one.hidden;
}

function joinFrames(frames: readonly Buffer[]): Buffer {
  const [first] = frames;
  if (frames.length === 1 && first !== undefined) return first;
  return Buffer.concat(frames);
}
