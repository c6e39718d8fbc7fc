const mebibyte = 1024 * 1024;

/**
 * How much of anything one node holds at a time, for whoever it is.
 *
 * What a client has to know stands in the protocol's `limits`; these it meets only when it breaks
 * them. The table "Bounds" of docs/SPEC.md repeats them.
 */
export const bounds = {
  /** Sockets of any kind. */
  sockets: 260_000,
  /** TCP connections that have not sent a whole request yet. */
  arriving: 50_000,
  arrivingPerAddress: 10_000,
  /** WebSockets that have not said hello yet. */
  greeting: 20_000,
  greetingPerAddress: 10_000,
  /** Hellos that are answered at once; the others wait in line. */
  entering: 500,
  /** Milliseconds that a hello waits in line, at most; who would wait longer is told to come back. */
  entryWaitMs: 8_000,
  /** Frames of a connection before its hello is answered. */
  framesBeforeHello: 50,
  webSockets: 250_000,
  webSocketsPerAddress: 50_000,
  /** Pings and pongs of one connection between two of our heartbeats; then it is cut. */
  controlFrames: 200,
  /** Parts that one message may come in: the largest in parts of 64 bytes, and some. */
  fragments: 1_100,
  /** Bytes that one connection sends beside its messages between two of our heartbeats; then it is cut. */
  overheadBytes: mebibyte / 4,
  /** Requests of one connection under way; then reading pauses until half are answered. */
  requestsUnderWay: 128,
  /** Of those, the ones that ask the database. */
  questionsPerConnection: 8,
  /** Questions of all doors to the database at once, and of one tenant. */
  questions: 9,
  questionsPerTenant: 8,
  /** Questions of one tenant that wait for their turn. */
  questionsWaiting: 10_000,
  /** Of all tenants together. */
  questionsWaitingInAll: 40_000,
  /** Reads at once of what the bus has lost, beside those questions, and of one tenant. */
  repairs: 4,
  repairsPerTenant: 3,
  /** Requests that have no answer yet, of all connections and doors, and of one tenant. */
  requests: 50_000,
  requestsPerTenant: 20_000,
  /** Their bytes. */
  requestBytes: 256 * mebibyte,
  requestBytesPerTenant: 64 * mebibyte,
  /** A socket of which nothing was heard for so many milliseconds is dead. */
  silentMs: 39_000,
  /** Events that a client has not read; beyond, it is too slow. */
  unreadEventBytes: mebibyte,
  /** Answers that a client has not read, although it asked for them. */
  unreadReplyBytes: 32 * mebibyte,
  /** Bytes that wait, of all clients together that have not read for a while. */
  stalledBytes: 32 * mebibyte,
  /** Frames of one connection that were refused; then it is closed. */
  refusedFrames: 1_000,
  /** Messages that wait for a commit. */
  sendsWaiting: 20_000,
  sendsWaitingPerTenant: 10_000,
  /** Characters of the bodies of messages that wait for a commit. */
  sendCharacters: 128 * mebibyte,
  sendCharactersPerTenant: 32 * mebibyte,
  /** Keys whose use is counted, for each rate. */
  countedKeys: 100_000,
} as const satisfies Readonly<Record<string, number>>;
