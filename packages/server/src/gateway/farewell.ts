import type { CloseReason } from '@parley/protocol';
import type { Connection } from './connection.ts';

/** Slower than any installation takes people in; so nobody who comes back waits behind the others. */
const eachMs = 20;
/** However many they are. */
const longestMs = 4_000;
const sliceMs = 20;
/** What was asked is answered before the connection closes, unless that takes longer. */
const answerMs = 1_500;
/** Whoever is told to go is told to come back within this time, in ms. */
const comeBackMs = 50;

/**
 * Closes connections in slices, each when what it asked has been answered; resolves when all are gone.
 *
 * A connection works until its turn comes, and its client comes back right after: what a client
 * notices of it is one reconnect, not the wait of all.
 */
export async function sendAway(
  connections: readonly Connection[],
  reason: CloseReason,
): Promise<void> {
  const spreadMs = Math.min(longestMs, connections.length * eachMs);
  const began = performance.now();
  const leaving: Promise<void>[] = [];
  for (const [index, connection] of connections.entries()) {
    const due = began + (index * spreadMs) / connections.length;
    if (due - performance.now() > sliceMs) await pause(due - performance.now());
    leaving.push(bidFarewell(connection, reason));
  }
  await Promise.all(leaving);
}

async function bidFarewell(connection: Connection, reason: CloseReason): Promise<void> {
  const { intake, socket } = connection;
  if (socket.readyState === socket.CLOSED) return;
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  intake.hold();
  await Promise.race([intake.settled(), pause(answerMs)]);
  if (reason === 'drain') {
    const retry_after_ms = Math.floor(Math.random() * comeBackMs);
    connection.tell({ event: 'drain', retry_after_ms });
  }
  connection.close(reason);
  // Else the answer to the close would not be read.
  intake.release();
  await closed;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
