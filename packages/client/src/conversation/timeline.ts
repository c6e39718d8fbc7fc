import type { Message } from '@parley/protocol';

/** A stored message as the timeline shows it. */
export type StoredMessage = Message & { readonly state: 'stored' };

/**
 * The newest part of a conversation's history, without holes: never changed, only replaced.
 *
 * `live` is what came by events while a page is being read: laid over the page when it arrives,
 * so that nothing that happened meanwhile is lost.
 */
export interface Timeline {
  readonly ready: boolean;
  readonly messages: readonly StoredMessage[];
  readonly hasOlder: boolean;
  readonly live: readonly Message[] | null;
}

export const loadingTimeline: Timeline = { ready: false, messages: [], hasOlder: false, live: [] };

/** Takes messages from events or `sync`. Null when they do not join what is there: load anew. */
export function withMessages(timeline: Timeline, messages: readonly Message[]): Timeline | null {
  if (messages.length === 0) return timeline;
  const live = timeline.live === null ? null : [...timeline.live, ...messages];
  if (!timeline.ready) return { ...timeline, live };
  const laid = lay(timeline.messages, messages);
  return laid === null ? null : { ...timeline, messages: laid, live };
}

/** The newest page has arrived, or replaces all there was. */
export function withNewestPage(
  timeline: Timeline,
  page: readonly Message[],
  hasOlder: boolean,
): Timeline | null {
  const messages = lay(page.map(stored), timeline.live ?? []);
  return messages === null ? null : { ready: true, messages, hasOlder, live: null };
}

/** From now on, what comes is also kept for the page that is being read. */
export function readingOlder(timeline: Timeline): Timeline {
  return { ...timeline, live: [] };
}

/** The page before the oldest message has arrived; left out when it does not end there. */
export function withOlderPage(
  timeline: Timeline,
  page: readonly Message[],
  hasOlder: boolean,
): Timeline {
  const first = timeline.messages[0]?.seq ?? 0;
  const end = page.at(-1)?.seq;
  if (end === undefined) return { ...timeline, hasOlder, live: null };
  if (end !== first - 1) return { ...timeline, live: null };
  const older = lay(
    page.map(stored),
    (timeline.live ?? []).filter(({ seq }) => seq < first),
  );
  return {
    ready: true,
    messages: [...(older ?? []), ...timeline.messages],
    hasOlder,
    live: null,
  };
}

/** Without what the server has given up at the front. */
export function withoutBefore(timeline: Timeline, firstSeq: number): Timeline {
  const [first] = timeline.messages;
  if (first === undefined || first.seq > firstSeq) return timeline;
  if (first.seq === firstSeq && !timeline.hasOlder) return timeline;
  const messages = timeline.messages.filter(({ seq }) => seq >= firstSeq);
  return { ...timeline, messages, hasOlder: false };
}

/** Only the newest `count`. */
export function trimmed(timeline: Timeline, count: number): Timeline {
  if (!timeline.ready || timeline.messages.length <= count) return timeline;
  return { ...timeline, messages: timeline.messages.slice(-count), hasOlder: true };
}

export function stored(message: Message): StoredMessage {
  return { ...message, state: 'stored' };
}

/** Lays messages over a stretch: newer rows replace, the next one is added, older ones are not loaded. */
function lay(
  stretch: readonly StoredMessage[],
  messages: readonly Message[],
): readonly StoredMessage[] | null {
  const laid = [...stretch];
  // By seq: those of a sync come by version, where an edited one is out of place.
  for (const message of [...messages].sort((a, b) => a.seq - b.seq)) {
    const first = laid[0]?.seq ?? message.seq;
    const index = message.seq - first;
    const old = laid[index];
    if (index < 0) continue;
    if (old !== undefined) {
      if (message.version > old.version) laid[index] = stored(message);
    } else if (index === laid.length) laid.push(stored(message));
    else return null;
  }
  return laid;
}
