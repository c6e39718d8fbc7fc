import { conversationTopic, type PersonalEvent, type Topic, userTopic } from '@parley/protocol';
import type { BusMessage, ConversationChange, Fleeting, Joined, Left } from '../bus/bus.ts';
import type { Scope } from '../scope.ts';
import type { MembershipHead, Memberships } from './memberships.ts';
import { type Outlet, Person } from './person.ts';
import { type Room, Rooms, type RoomsOptions } from './rooms.ts';
import { textFrame } from './text-frame.ts';
import { Watchers } from './watchers.ts';

interface HubOptions extends Omit<RoomsOptions, 'onLeft'> {
  readonly memberships: Pick<Memberships, 'read'>;
  /** The frame of `conversation.added` with the row as it is now; null when no longer a member. */
  readonly readJoined: (
    scope: Scope,
    joined: { readonly conversation: string; readonly me: number },
  ) => Promise<string | null>;
}

/** Who is connected to this node, and what of what happens concerns them. */
export class Hub {
  readonly watchers: Watchers;
  readonly #options: HubOptions;
  readonly #people = new Map<Topic, Person>();
  readonly #rooms: Rooms;

  constructor(options: HubOptions) {
    const { bus, readGap, readMembers, onError } = options;
    this.#options = options;
    this.watchers = new Watchers(bus);
    this.#rooms = new Rooms({
      bus,
      readGap,
      readMembers,
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
      person.ready = this.#firstRead(person);
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
    return person !== undefined && room?.people.has(person) === true;
  }

  people(): IterableIterator<Person> {
    return this.#people.values();
  }

  rooms(): IterableIterator<Room> {
    return this.#rooms.all();
  }

  /** Reads a person's memberships again and tells what was missed: joinings and leavings. */
  async reconcile(person: Person): Promise<void> {
    if (person.reading > 0) return;
    for (const head of await this.#readRooms(person)) {
      this.#tellJoined(person, { conversation: head.conversation, me: person.me });
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
      this.#rooms.queue(room, { frame, except: message.except });
      return;
    }
    this.#people.get(topic)?.send(frame);
    for (const outlet of this.watchers.of(topic)) outlet.send(frame);
  }

  #joined(person: Person, joined: Joined): void {
    if (!person.hear(joined.conversation, joined.me)) return;
    const room = this.#enter(person, joined);
    // Where more has happened here than the row tells, it is read again, now that the person listens.
    if (room.live.version <= joined.version) person.send(textFrame(joined.frame));
    else this.#tellJoined(person, joined);
  }

  #left(person: Person, left: Left): void {
    const { conversation } = left;
    if (!person.hear(conversation, left.me)) return;
    const room = this.#rooms.get(conversationTopic(person.scope.tenant, conversation));
    if (room !== undefined) this.#endIn(room, person.scope.user, left.version);
    person.untold.delete(conversation);
    person.send(textFrame(left.frame));
  }

  #enter(person: Person, head: MembershipHead): Room {
    person.untold.delete(head.conversation);
    return this.#rooms.enter(person, head);
  }

  /** Late news of an old leaving must not end a newer joining: the versions tell. */
  #endIn(room: Room, user: string, version: number): void {
    const person = this.#people.get(userTopic(room.tenant, user));
    const since = person === undefined ? undefined : room.people.get(person);
    if (person === undefined || since === undefined || since >= version) return;
    this.#rooms.leave(person, room);
    person.untold.add(room.conversation);
  }

  #tellJoined(
    person: Person,
    joined: { readonly conversation: string; readonly me: number },
  ): void {
    const room = this.#rooms.get(conversationTopic(person.scope.tenant, joined.conversation));
    const since = room?.people.get(person);
    this.#options
      .readJoined(person.scope, joined)
      .then((frame) => {
        if (frame !== null) person.send(textFrame(frame));
        // Removed meanwhile, and the news of that is still on its way.
        else if (room !== undefined && since !== undefined && room.people.get(person) === since) {
          this.#rooms.leave(person, room);
        }
      })
      .catch((error: unknown) => {
        person.stale = true;
        this.#options.onError(error);
      });
  }

  /** Reads where a person is in, and corrects what is known here; answers what was entered. */
  async #readRooms(person: Person): Promise<MembershipHead[]> {
    person.reading++;
    const { me, heads } = await this.#options.memberships
      .read(person.scope)
      .finally(() => person.reading--);
    // Everybody may have gone while it was read.
    if (person.connections.size === 0) return [];
    const mine = new Set(heads.map((head) => head.conversation));
    for (const room of [...person.rooms]) {
      if (mine.has(room.conversation) || person.heardSince(room.conversation, me)) continue;
      this.#rooms.leave(person, room);
      person.untold.add(room.conversation);
    }
    const known = new Set([...person.rooms].map((room) => room.conversation));
    const entered = heads.filter(
      ({ conversation }) => !known.has(conversation) && !person.heardSince(conversation, me),
    );
    for (const head of entered) this.#enter(person, head);
    person.caughtUp(me);
    this.#tellLeft(person);
    return entered;
  }

  #tellLeft(person: Person): void {
    for (const conversation of person.untold) {
      const event: PersonalEvent = { event: 'conversation.removed', me: person.me, conversation };
      person.send(textFrame(JSON.stringify(event)));
    }
    person.untold.clear();
  }

  async #firstRead(person: Person): Promise<void> {
    try {
      await this.#readRooms(person);
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
