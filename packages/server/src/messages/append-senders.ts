import type { AccessFault } from '../access/access-ended.ts';
import type { OutgoingMessage } from './append.ts';

/** What the statement `ended` answers: a sender or a door, by its number from 1, and why. */
export interface EndedRow {
  readonly sender: number | null;
  readonly door: number | null;
  readonly fault: AccessFault;
}

interface Sender {
  readonly tenant: string;
  readonly user: string;
  readonly issuedAt: number;
}

/** A tenant, and the key that vouched. */
interface Door {
  readonly tenant: string;
  readonly kid: string;
  readonly registration: string;
}

/** Who sends the messages of a group: each person and each door once, and whose access has ended. */
export class AppendSenders {
  readonly #senders: Sender[] = [];
  readonly #doors: Door[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #uses: { readonly sender: number; readonly door: number }[] = [];
  readonly #endedSenders = new Map<number, AccessFault>();
  readonly #endedDoors = new Map<number, AccessFault>();

  constructor(messages: readonly OutgoingMessage[]) {
    for (const { tenant, sender: user, session } of messages) {
      const { issuedAt, kid, registration } = session;
      this.#uses.push({
        sender: this.#once(this.#senders, `s${tenant} ${issuedAt} ${user}`, {
          tenant,
          user,
          issuedAt,
        }),
        door: this.#once(this.#doors, `d${tenant} ${kid} ${registration}`, {
          tenant,
          kid,
          registration,
        }),
      });
    }
  }

  keys(): unknown[] {
    const senders = this.#senders;
    return [
      senders.map((one) => one.tenant),
      senders.map((one) => one.user),
      senders.map((one) => new Date(one.issuedAt).toISOString()),
      this.#doors.map((one) => one.tenant),
      this.#doors.map((one) => one.kid),
      this.#doors.map((one) => one.registration),
    ];
  }

  /** Takes the answer of the statement `ended`. */
  take(rows: readonly EndedRow[]): void {
    for (const { sender, door, fault } of rows) {
      if (sender !== null) this.#endedSenders.set(sender, fault);
      if (door !== null) this.#endedDoors.set(door, fault);
    }
  }

  /** Why the sender of this message of the group has no access any more; undefined where they have. */
  faultOf(index: number): AccessFault | undefined {
    const use = this.#uses[index];
    if (use === undefined) return undefined;
    return this.#endedDoors.get(use.door) ?? this.#endedSenders.get(use.sender);
  }

  /** The number, from 1, of an item in its list: a new one is added. */
  #once<Item>(items: Item[], key: string, item: Item): number {
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = items.push(item);
    this.#numbers.set(key, number);
    return number;
  }
}
