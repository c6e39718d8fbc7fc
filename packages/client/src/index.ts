export {
  type ConversationKind,
  type ConversationRow,
  type ErrorCode,
  type Mark,
  type Member,
  type MemberRole,
  type Message,
  type MessageKind,
  ParleyError,
  type SystemAct,
  type User,
  type WireError,
} from '@parley/protocol';
export type {
  Client,
  ClientOptions,
  ConversationHandle,
  ConversationList,
  PresenceWatch,
} from './api.ts';
export { createClient } from './create-client.ts';
export type {
  ConnectionState,
  ConversationListSnapshot,
  ConversationSnapshot,
  MeSnapshot,
  PendingMessage,
  PresenceSnapshot,
  Store,
  TimelineMessage,
} from './snapshots.ts';
