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
  type TenantRole,
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
export type { Act } from './conversation/rights.ts';
export { createClient } from './create-client.ts';
export type {
  BlockedSnapshot,
  ConnectionState,
  ConversationListSnapshot,
  ConversationSnapshot,
  Me,
  MeSnapshot,
  PendingMessage,
  PresenceSnapshot,
  Store,
  TimelineMessage,
} from './snapshots.ts';
