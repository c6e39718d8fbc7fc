import { conversationTopic, limits, ParleyError, type Topic, userTopic } from '@parley/protocol';
import type { AccessFault } from '../access/access-ended.ts';
import { endsSession } from '../access/ends-session.ts';
import type {
  AccessEnd,
  BlockChange,
  BusMessage,
  ConversationChange,
  Fleeting,
  Joined,
  Left,
} from '../bus/bus.ts';
import type { Scope } from '../scope.ts';
import type { MembershipHead, MembershipList, Memberships } from './memberships.ts';
import { type Outlet, Person } from './person.ts';
import { type Room, Rooms, type RoomsOptions } from './rooms.ts';
import { type JoiningReader, type PersonalJoining, tellJoined } from './tell-joined.ts';
import { TenantsHere } from './tenants-here.ts';
import { textFrame } from './text-frame.ts';
import { Watchers } from './watchers.ts';

interface HubOptions extends Omit<RoomsOptions, 'onLeft'>, JoiningReader {
  readonly memberships: Pick<Memberships, 'read'>;
  /** A person connected here is out of a conversation. */
  readonly onPlaceEnded: (scope: Scope) => void;
  /** Whom somebody may find has changed: a person, or everybody of a tenant. */
  readonly onReachChanged: (topic: Topic) => void;
}

/** Who is connected to this node, and what of what happens concerns them. */
export class Hub {
  readonly watchers: Watchers;
  readonly tenants: TenantsHere;
  readonly #options: HubOptions;
  readonly #people = new Map<Topic, Person>();
  readonly #rooms: Rooms;

  constructor(options: HubOptions) {
    const { bus, readGap, readMembers, onError } = options;
    this.#options = options;
    this.watchers = new Watchers({ bus, blocksOf: (scope) => this.blocksOf(scope) });
    this.tenants = new TenantsHere(bus);
    this.#rooms = new Rooms({
      bus,
      readGap,
      readMembers,
      onLeft: (room, user, version) => this.#endIn(room, user, version),
      onError,
    });
    bus.onMessage((topic, messages) => this.#hear(topic, messages));
  }

  /**
   * Adds a connection; settles when it hears everything of its person's conversations.
   *
   * Hears of the end of access from the call on. Throws `too_many`.
   */
  async join(outlet: Outlet): Promise<void> {
    const topic = userTopic(outlet.scope.tenant, outlet.scope.user);
    let person = this.#people.get(topic);
    if ((person?.connections.size ?? 0) >= limits.connectionsPerUser) {
      throw new ParleyError('too_many', {
        message: `A person has at most ${limits.connectionsPerUser} connections. Close some.`,
      });
    }
    this.tenants.add(outlet);
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
    this.tenants.remove(outlet);
    const topic = userTopic(outlet.scope.tenant, outlet.scope.user);
    const person = this.#people.get(topic);
    if (person === undefined || !person.connections.delete(outlet)) return;
    if (person.connections.size > 0) return;
    this.#forget(person);
    for (const room of [...person.rooms]) this.#rooms.leave(person, room);
  }

  /** Ends a connection whose access has ended; nothing is told to it, nor to us for it, from here on. */
  end(outlet: Outlet, fault: AccessFault): void {
    outlet.end(fault);
    this.leave(outlet);
  }

  /** Whether the connection's person is in this conversation, as far as this node knows. */
  isIn(scope: Scope, conversation: string): boolean {
    const person = this.#people.get(userTopic(scope.tenant, scope.user));
    const room = this.#rooms.get(conversationTopic(scope.tenant, conversation));
    return person !== undefined && room?.people.has(person) === true;
  }

  /** Whether it is a conversation of two one of whom blocks the other. */
  isBlocked(scope: Scope, conversation: string): boolean {
    return this.#rooms.get(conversationTopic(scope.tenant, conversation))?.blocked === true;
  }

  /** Whom a person who is connected here blocks. */
  blocksOf(scope: Scope): ReadonlySet<string> {
    return this.#people.get(userTopic(scope.tenant, scope.user))?.blocks ?? new Set();
  }

  /** Connections of whom a topic is about: one person, or everybody of a tenant. */
  outletsAt(topic: Topic): Iterable<Outlet> {
    return this.#people.get(topic)?.connections ?? this.tenants.of(topic);
  }

  /** The connections that a person has here. */
  outletsOf({ tenant, user }: Scope): readonly Outlet[] {
    return [...(this.#people.get(userTopic(tenant, user))?.connections ?? [])];
  }

  /** The people and conversations here that these topics are about. */
  placesOf(topics: Iterable<Topic>): { readonly people: Person[]; readonly rooms: Room[] } {
    const all = [...topics];
    return {
      people: all.flatMap((topic) => this.#people.get(topic) ?? []),
      rooms: all.flatMap((topic) => this.#rooms.get(topic) ?? []),
    };
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
        case 'presence':
          this.watchers.hear(topic, message);
          break;
        case 'joined':
          if (person !== undefined) this.#joined(person, message);
          break;
        case 'left':
          if (person !== undefined) this.#left(person, message);
          break;
        case 'block':
          if (person !== undefined) this.#block(person, message);
          break;
        case 'direct-block':
          if (room !== undefined) room.blocked = message.blocked;
          break;
        case 'reach':
          this.#options.onReachChanged(topic);
          break;
        case 'access':
          this.#endAll(this.outletsAt(topic), message.ended);
          break;
      }
    }
    if (changes.length > 0) room?.live.take(changes);
  }

  #endAll(outlets: Iterable<Outlet>, ended: AccessEnd): void {
    for (const outlet of [...outlets]) {
      const falls = [...outlet.sessions].some((session) => endsSession(ended, session));
      if (falls) this.end(outlet, ended.reason);
    }
  }

  #tellFleeting(topic: Topic, message: Fleeting): void {
    const room = this.#rooms.get(topic);
    if (room !== undefined) {
      const { except, sender, frame } = message;
      this.#rooms.queue(room, { frame: textFrame(frame), except, sender });
      return;
    }
    this.#people.get(topic)?.send(textFrame(message.frame));
    this.watchers.tell(topic, message);
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

  /** From here on the tick's messages are told as the new block wants: told first, it comes first. */
  #block(person: Person, { user, blocked, me, frame }: BlockChange): void {
    if (person.hearBlock(user, me, blocked)) person.send(textFrame(frame));
  }

  #enter(person: Person, head: MembershipHead): Room {
    person.untold.delete(head.conversation);
    return this.#rooms.enter(person, head);
  }

  /** Late news of an old leaving must not end a newer joining: the versions tell. */
  #endIn(room: Room, user: string, version: number): void {
    const person = this.#people.get(userTopic(room.tenant, user));
    // Also of somebody who is just coming: what is being read may be from before.
    person?.hearLeft(room.conversation, version);
    const since = person === undefined ? undefined : room.people.get(person);
    if (person === undefined || since === undefined || since >= version) return;
    this.#rooms.leave(person, room);
    person.untold.add(room.conversation);
    this.#options.onPlaceEnded(person.scope);
  }

  #tellJoined(person: Person, joined: PersonalJoining): void {
    tellJoined(this.#rooms, this.#options, person, joined);
  }

  /** Reads where a person is in, and corrects what is known here; answers what was entered. */
  async #readRooms(person: Person): Promise<MembershipHead[]> {
    person.reading++;
    const read = await this.#options.memberships.read(person.scope).finally(() => person.reading--);
    this.#endRead(person, read);
    const { me, heads } = read;
    // Everybody may have gone while it was read.
    if (person.connections.size === 0) return [];
    // Before anybody is entered: what they are told there is told with these blocks.
    person.takeBlocks(read.blocks, me);
    const mine = new Set(heads.map((head) => head.conversation));
    for (const room of [...person.rooms]) {
      if (mine.has(room.conversation) || person.heardSince(room.conversation, me)) continue;
      this.#rooms.leave(person, room);
      person.untold.add(room.conversation);
      this.#options.onPlaceEnded(person.scope);
    }
    const known = new Set([...person.rooms].map((room) => room.conversation));
    const entered = heads.filter(
      ({ conversation, version }) =>
        !known.has(conversation) &&
        !person.heardSince(conversation, me) &&
        !person.leftSince(conversation, version),
    );
    for (const head of entered) this.#enter(person, head);
    person.caughtUp(me);
    person.tellUntold();
    return entered;
  }

  /** Wherever `me` is read, so is access: no end of it is skipped with the number that tells of it. */
  #endRead(person: Person, { deactivated, tokensValidFrom }: MembershipList): void {
    if (deactivated) for (const outlet of [...person.connections]) this.end(outlet, 'deactivated');
    else this.#endAll(person.connections, { reason: 'revoked', issuedBefore: tokensValidFrom });
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
