/**
 * Every bound of the wire, in one place.
 *
 * Server and SDK read the same numbers, so the SDK never sends what the server would refuse.
 * Units are in the names; counts have none.
 */
export const limits = {
  /** One frame towards the server. Larger ones end the connection with 1009. */
  frameBytes: 64 * 1024,
  /** Unicode code points of a message body, after trimming. */
  bodyCodePoints: 10_000,
  /** Characters of a user id (the host product's own id). */
  userIdLength: 128,
  /** Unicode code points of a person's or conversation's name. */
  nameCodePoints: 200,
  /** Rows of any page; the default where none is asked for. */
  page: 50,
  /** People named in one `conversation.create` or `member.add`. */
  membersPerCall: 1_000,
  /** People in a group. */
  membersPerGroup: 10_000,
  /** Members carried inside a conversation row. */
  membersInRow: 50,
  /** Up to this many members, rows carry everybody's read and delivered marks; above, only the reader's own. */
  membersWithMarks: 100,
  /** Conversations named in one `sync` or `delivered`. */
  knownPerSync: 500,
  /** Changed messages per conversation in one `sync` answer. */
  messagesPerSync: 200,
  /** More changed rows than this and `sync` answers `reset`. */
  changesBeforeReset: 500,
  /** New conversations in one `sync` answer. */
  addedPerSync: 50,
  /** Rows looked at, at most, when unread messages are counted. */
  unreadWindow: 1_000,
  /** People one connection may watch. */
  watchedPeople: 1_000,
  /** People named in one `user.get`. */
  usersPerGet: 100,
  /** People whom one person blocks. */
  blocksPerUser: 1_000,
  /** Connections of one person on one node. */
  connectionsPerUser: 100,
  /** Characters of a `user.search` text. */
  searchLength: 100,
  /** Bytes of a token. */
  tokenBytes: 8 * 1024,
  /** A connection says hello within this time or is closed. */
  helloMs: 5_000,
  /** Bytes that a connection may send before its hello is answered: a token, and little beside it. */
  helloBytes: 9 * 1024,
  /** The server pings this often; a connection silent for two beats is dead. */
  heartbeatMs: 20_000,
  /** A typing sign goes out on the receiver after this time without a refresh. */
  typingExpiryMs: 6_000,
  /** The sender refreshes a typing sign this often while typing goes on. */
  typingRefreshMs: 3_000,
  /** The SDK reports deliveries at most this often. */
  deliveredEveryMs: 1_000,
  /** An event that arrived early is held this long before the hole is read from the database. */
  reorderMs: 30,
} as const;
