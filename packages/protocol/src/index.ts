export { type CloseReason, closeCodes, mayReconnect } from './close-codes.ts';
export {
  type CommandInput,
  type CommandResult,
  type CommandResults,
  type CommandType,
  type ConversationChanges,
  commands,
  type HelloResult,
  isCommandType,
  outgoingMessage,
  type Presence,
  type SyncResult,
} from './commands.ts';
export { type ErrorCode, errors, isErrorCode, ParleyError, type WireError } from './errors.ts';
export type {
  ConversationEvent,
  FleetingEvent,
  PersonalEvent,
  ServerEvent,
} from './events.ts';
export {
  FrameError,
  parseRequest,
  type ReplyFrame,
  type Request,
  type ServerFrame,
} from './frames.ts';
export { isTenantId, isUserId, isUuid, newId } from './ids.ts';
export { limits } from './limits.ts';
export type {
  Conversation,
  ConversationFields,
  ConversationKind,
  ConversationRow,
  JsonObject,
  JsonValue,
  Mark,
  Member,
  MemberRole,
  Message,
  MessageKind,
  SystemAct,
  TenantRole,
  User,
} from './model.ts';
export { effectiveRole, reaches } from './roles.ts';
export { codePoints, isStorable, parseBody, parseName } from './text.ts';
export { accessTopic, conversationTopic, presenceTopic, type Topic, userTopic } from './topics.ts';
