import type { ConversationFields, ConversationRow, Member, Message, User } from './model.ts';

/** A durable change of a conversation: apply when `prev <= mine < version`; `prev > mine` is a gap. */
interface Versioned {
  readonly conversation: string;
  readonly version: number;
  /** The version before this one, when it is not `version - 1`. */
  readonly prev?: number;
}

/** A durable change of a conversation. */
export type ConversationEvent =
  | (Versioned & { readonly event: 'message.created'; readonly message: Message })
  | (Versioned & { readonly event: 'message.updated'; readonly message: Message })
  | (Versioned & {
      readonly event: 'conversation.updated';
      readonly changed: Pick<ConversationFields, 'name'>;
    })
  | (Versioned & {
      readonly event: 'member.updated';
      readonly member: Member;
      readonly member_count: number;
    });

/** A durable change that concerns one person; `me` is that person's version after it. */
export type PersonalEvent =
  | {
      readonly event: 'conversation.added';
      readonly me: number;
      readonly conversation: ConversationRow;
    }
  | { readonly event: 'conversation.removed'; readonly me: number; readonly conversation: string }
  | {
      /** I block this person, or no longer do: their messages in groups are to be read again. */
      readonly event: 'block.updated';
      readonly me: number;
      readonly user: string;
      readonly blocked: boolean;
    };

/** What is not stored as a row of its own, or heals by itself: it carries no version. */
export type FleetingEvent =
  | { readonly event: 'user.updated'; readonly user: User }
  | {
      readonly event: 'typing';
      readonly conversation: string;
      readonly user: string;
      readonly typing: boolean;
    }
  | {
      readonly event: 'read' | 'delivered';
      readonly conversation: string;
      readonly user: string;
      readonly seq: number;
    }
  | {
      readonly event: 'presence';
      readonly user: string;
      readonly online: boolean;
      readonly last_seen_at: string | null;
    }
  | { readonly event: 'drain'; readonly retry_after_ms: number };

/** Everything the server tells without being asked. */
export type ServerEvent = ConversationEvent | PersonalEvent | FleetingEvent;
