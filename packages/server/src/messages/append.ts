import type { Session } from '../scope.ts';

/** A message on its way into the database. Ids are canonical, the body is trimmed and storable. */
export interface OutgoingMessage {
  readonly tenant: string;
  readonly sender: string;
  /** What let the sender in: it must still stand when the message is stored. */
  readonly session: Session;
  readonly conversation: string;
  readonly id: string;
  readonly body: string;
  readonly replyTo: string | null;
}

/** Where a message is stored, durably. */
export interface AppendedMessage {
  readonly seq: number;
  readonly version: number;
  readonly created_at: string;
  /** It had been stored before, by an earlier send of the same. */
  readonly repeated: boolean;
}

/** The append path: takes messages of all tenants and connections, answers when they are on disk. */
export interface Append {
  /**
   * Stores a message and publishes it.
   *
   * Rejects with ParleyError: `unauthorized` (the sender's access has ended), `not_found` (no such
   * conversation, or the sender is not in it), `not_allowed` (of the two people of a direct
   * conversation one blocks the other), `id_reused`, `unavailable` (try the same again: it is never
   * stored twice).
   */
  send(message: OutgoingMessage): Promise<AppendedMessage>;
  /** Takes no more, finishes what it has. */
  close(): Promise<void>;
}
