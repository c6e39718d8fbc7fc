import { conversationTopic, type PersonalEvent, type Topic, userTopic } from '@parley/protocol';
import type {
  Bus,
  BusMessage,
  ConversationChange,
  Fleeting,
  Joined,
  Left,
} from '../bus/bus.ts';
import type { Scope } from '../scope.ts';
import type { Memberships } from './memberships.ts';
import { type Outlet, Person } from './person.ts';
import { type Room, Rooms } from './rooms.ts';
import { textFrame } from './text-frame.ts';
import { Watchers } from './watchers.ts';

interface HubOptions {
  readonly bus: Bus;
  readonly memberships: Pick<Memberships, 'read'>;
  readonly readGap: (
    room: { readonly tenant: string; readonly conversation: string },
    version: number,
    lastSeq: number,
  ) => Promise<readonly ConversationChange[]>;
  /** The frame of `conversation.added` with the row as it is now; null when no longer a member. */
  readonly readJoined: (
    scope: Scope,
    joined: { readonly conversation: string; readonly me: number },
  ) => Promise<string | null>;
  readonly onError: (error: unknown) => void;
}

/** Who is connected to this node, and what of what happens concerns them. */
export class Hub {
  readonly watchers: Watchers;
  readonly #options: HubOptions;
  readonly #people = new Map<Topic, Person>();
  readonly #rooms: Rooms;

  constructor(options: HubOptions) {
    const { bus, readGap, onError } = options;
    this.#options = options;
    this.watchers = new Watchers(bus);
    this.#rooms = new Rooms({
      bus,
      readGap,
      onLeft: (room, user, version) => this.#endIn(room, user, version),
      onError,
    });
    bus.onMessage((topic, messages) => this.#hear(topic, messages));
  }

  /** Adds a connection; settles when it hears everything of its person's conversations. */
  async join(outlet: Outlet): Promise<void> {
    const topic = userTopic(outlet.scope.tenant, outlet.scope.user);
    let person = this.#people.get(topic);
    if (person === undefined) {
      person = new Person(outlet.scope);
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
    this.#forget(person);
    for (const room of [...person.rooms]) this.#rooms.leave(person, room);
  }

  /** Whether the connection's person is in this conversation, as far as this node knows. */
  isIn(scope: Scope, conversation: string): boolean {
    const person = this.#people.get(userTopic(scope.tenant, scope.user));
    const room = this.#rooms.get(conversationTopic(scope.tenant, conversation));
    return person !== undefined && room !== undefined && room.people.has(person);
  }

  people(): IterableIterator<Person> {
    return this.#people.values();
  }

  rooms(): IterableIterator<Room> {
    return this.#rooms.all();
  }

  /**
   * Reads a person's memberships again and tells what was missed: joinings and leavings.
   *
   * A read that news overtook is thrown away; the person stays stale and is read again.
   */
  async reconcile(person: Person): Promise<void> {
    const heard = person.heard;
    const { me, heads } = await this.#options.memberships.read(person.scope);
    if (person.connections.size === 0 || person.heard !== heard) return;
    person.me = me;
    person.stale = false;
    const mine = new Set(heads.map((head) => head.conversation));
    for (const room of [...person.rooms]) {
      if (mine.has(room.conversation)) continue;
      this.#rooms.leave(person, room);
      const event: PersonalEvent = {
        event: 'conversation.removed',
        me,
        conversation: room.conversation,
      };
      person.send(textFrame(JSON.stringify(event)));
    }
    const known = new Set([...person.rooms].map((room) => room.conversation));
    for (const head of heads) {
      if (known.has(head.conversation)) continue;
      this.#rooms.enter(person, head);
      this.#tellJoined(person, { conversation: head.conversation, me });
    }
  }

  close(): void {
    this.#rooms.close();
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
      this.#rooms.queue(room, frame, message.except);
      return;
    }
    this.#people.get(topic)?.send(frame);
    for (const outlet of this.watchers.of(topic)) outlet.send(frame);
  }

  #joined(person: Person, joined: Joined): void {
    person.hear(joined.me);
    person.leftMeanwhile?.delete(joined.conversation);
    const room = this.#rooms.enter(person, joined);
    // Where more has happened here than the row tells, it is read again, now that the person listens.
    if (room.live.version <= joined.version) person.send(textFrame(joined.frame));
    else this.#tellJoined(person, joined);
  }

  #left(person: Person, left: Left): void {
    const { tenant, user } = person.scope;
    person.hear(left.me);
    person.leftMeanwhile?.add(left.conversation);
    const room = this.#rooms.get(conversationTopic(tenant, left.conversation));
    if (room !== undefined) this.#endIn(room, user, left.version);
    person.send(textFrame(left.frame));
  }

  /** Late news of an old leaving must not end a newer joining: the versions tell. */
  #endIn(room: Room, user: string, version: number): void {
    const person = this.#people.get(userTopic(room.tenant, user));
    const since = person === undefined ? undefined : room.people.get(person);
    if (person === undefined || since === undefined || since >= version) return;
    this.#rooms.leave(person, room);
  }

  #tellJoined(
    person: Person,
    joined: { readonly conversation: string; readonly me: number },
  ): void {
    this.#options
      .readJoined(person.scope, joined)
      .then((frame) => {
        if (frame !== null) person.send(textFrame(frame));
      })
      .catch((error: unknown) => {
        person.stale = true;
        this.#options.onError(error);
      });
  }

  async #readRooms(person: Person): Promise<void> {
    try {
      const { me, heads } = await this.#options.memberships.read(person.scope);
      // Everybody may have gone while it was read.
      if (person.connections.size === 0) return;
      for (const head of heads) {
        if (!person.leftMeanwhile?.has(head.conversation)) this.#rooms.enter(person, head);
      }
      person.me = Math.max(person.me, me);
      person.leftMeanwhile = undefined;
    } catch (error) {
      this.#forget(person);
      throw error;
    }
  }

  #forget(person: Person): void {
    const topic = userTopic(person.scope.tenant, person.scope.user);
    if (this.#people.get(topic) !== person) return;
    this.#people.delete(topic);
    this.#options.bus.unsubscribe(topic);
  }
}
