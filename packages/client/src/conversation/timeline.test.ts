import type { Message } from '@parley/protocol';
import { describe, expect, it } from 'vitest';
import {
  loadingTimeline,
  readingOlder,
  type Timeline,
  trimmed,
  withMessages,
  withNewestPage,
  withOlderPage,
  withoutBefore,
} from './timeline.ts';

function message(seq: number, version = seq, body = 'said'): Message {
  const created_at = '2026-01-01T00:00:00.000Z';
  return { id: `id-${seq}`, seq, sender: 'bob', kind: 'text', body, created_at, version };
}

function loaded(...seqs: number[]): Timeline {
  const page = seqs.map((seq) => message(seq));
  return withNewestPage(loadingTimeline, page, true) ?? expect.unreachable();
}

const seqs = (timeline: Timeline | null) => timeline?.messages.map(({ seq }) => seq);

describe('the timeline', () => {
  it('[CL20] lays what came while its first page was read over that page', () => {
    const during = withMessages(loadingTimeline, [message(7), message(5, 9, 'edited')]);
    const timeline = withNewestPage(
      during ?? loadingTimeline,
      [5, 6].map((seq) => message(seq)),
      true,
    );
    expect(seqs(timeline)).toEqual([5, 6, 7]);
    expect(timeline?.messages[0]).toMatchObject({ body: 'edited', state: 'stored' });
  });

  it('[CL20] takes the next message, and the newer of two rows of one message', () => {
    const timeline = withMessages(loaded(5, 6), [message(7), message(6, 8, 'edited')]);
    expect(seqs(timeline)).toEqual([5, 6, 7]);
    const again = withMessages(timeline ?? loadingTimeline, [message(6, 6, 'old'), message(7)]);
    expect(again?.messages.map(({ body }) => body)).toEqual(['said', 'edited', 'said']);
    expect(again?.messages[1]).toBe(timeline?.messages[1]);
  });

  it('[CL20] leaves out what is above its beginning, and knows when something is missing', () => {
    expect(seqs(withMessages(loaded(5, 6), [message(3, 9)]))).toEqual([5, 6]);
    expect(withMessages(loaded(5, 6), [message(8)])).toBeNull();
  });

  it('[CL21] puts an older page in front, with what changed while it was read', () => {
    const reading = readingOlder(loaded(5, 6));
    const during = withMessages(reading, [message(4, 9, 'edited'), message(7)]);
    const timeline = withOlderPage(
      during ?? reading,
      [3, 4].map((seq) => message(seq)),
      true,
    );
    expect(seqs(timeline)).toEqual([3, 4, 5, 6, 7]);
    expect(timeline.messages[1]?.body).toBe('edited');
    expect(timeline.live).toBeNull();
  });

  it('[CL21] leaves an older page out that does not end where it begins', () => {
    const timeline = withOlderPage(readingOlder(loaded(5, 6)), [message(1), message(2)], true);
    expect(seqs(timeline)).toEqual([5, 6]);
    const end = withOlderPage(readingOlder(loaded(5, 6)), [], false);
    expect([seqs(end), end.hasOlder]).toEqual([[5, 6], false]);
  });

  it('[CL21] is trimmed at the front, by age or number', () => {
    expect(seqs(trimmed(loaded(5, 6, 7), 2))).toEqual([6, 7]);
    const cut = withoutBefore(loaded(5, 6, 7), 6);
    expect([seqs(cut), cut.hasOlder]).toEqual([[6, 7], false]);
  });
});
