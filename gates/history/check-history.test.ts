import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkHistory } from './check-history.ts';
import type { FindingClass } from './findings.ts';
import { History, type HistoryEvent, type Recorded, readHistory } from './history.ts';
import type { LoggedConversation, LoggedMessage } from './log.ts';

const room = 'room';

/** A history in which all went well: three messages of two people, two readers, two nodes. */
function sound(): { events: Recorded[]; logs: LoggedConversation[] } {
  const events: HistoryEvent[] = [
    { type: 'enter', reader: 'r1', user: 'rita', conversation: room, after: 0 },
    { type: 'enter', reader: 'r2', user: 'ron', conversation: room, after: 0 },
    invoke(1, 'ann', 'a', 0),
    { type: 'ok', op: 1, seq: 1 },
    seen('r1', 1, 'a'),
    seen('r2', 1, 'a'),
    invoke(2, 'bob', 'b', 0),
    { type: 'info', op: 2, why: 'the line broke' },
    seen('r1', 2, 'b'),
    invoke(3, 'bob', 'b', 0),
    { type: 'ok', op: 3, seq: 2 },
    seen('r2', 2, 'b'),
    { type: 'marked', conversation: room, user: 'rita', kind: 'read', seq: 2 },
    mark('r2', 2),
    invoke(4, 'ann', 'x', 1),
    { type: 'fail', op: 4, code: 'bad_request' },
    invoke(5, 'ann', 'c', 2),
    { type: 'ok', op: 5, seq: 3 },
    seen('r1', 3, 'c'),
    seen('r2', 3, 'c'),
  ];
  const log = ['a', 'b', 'c'].map((id, index) => message(index + 1, id));
  return {
    events: events.map((event, at) => ({ ...event, at })),
    logs: ['n1', 'n2'].map((node) => ({
      node,
      conversation: room,
      messages: [...log],
      marks: { rita: { read: 2, delivered: 0 } },
    })),
  };
}

function invoke(op: number, user: string, id: string, nth: number): HistoryEvent {
  return { type: 'invoke', op, user, conversation: room, id, body: `says ${id}`, nth };
}

function seen(reader: string, seq: number, id: string, version = seq): HistoryEvent {
  return { type: 'seen', reader, conversation: room, seq, id, version };
}

function mark(reader: string, seq: number): HistoryEvent {
  return { type: 'seen-mark', reader, conversation: room, user: 'rita', kind: 'read', seq };
}

function message(seq: number, id: string): LoggedMessage {
  const sender = id === 'b' ? 'bob' : 'ann';
  return { seq, id, kind: 'text', sender, body: `says ${id}`, version: seq };
}

interface Corruption {
  readonly bug: string;
  readonly class: FindingClass;
  /** Changes the sound history in place. */
  readonly corrupt: (history: ReturnType<typeof sound>) => void;
}

/** Everything that a server could do wrong, each as one change of the sound history. */
const corruptions: readonly Corruption[] = [
  {
    bug: 'an acknowledged message is not in the log',
    class: 'lost',
    corrupt: ({ logs }) => setLog(logs, [message(1, 'a'), message(2, 'b')]),
  },
  {
    bug: 'an acknowledged message is in another conversation',
    class: 'lost',
    corrupt: ({ logs }) => {
      setLog(logs, [message(1, 'a'), message(2, 'b')]);
      logs.push({ node: 'n1', conversation: 'other', messages: [message(1, 'c')], marks: {} });
    },
  },
  {
    bug: 'a repeated send was stored twice',
    class: 'duplicate',
    corrupt: ({ logs }) =>
      setLog(logs, [message(1, 'a'), message(2, 'b'), message(3, 'c'), message(4, 'b')]),
  },
  {
    bug: 'a number is given twice after a restart',
    class: 'inversion',
    corrupt: ({ logs }) => setLog(logs, [message(1, 'a'), message(2, 'b'), message(2, 'c')]),
  },
  {
    bug: 'a number is used by no message',
    class: 'hole',
    corrupt: ({ logs }) => setLog(logs, [message(1, 'a'), message(2, 'b'), message(4, 'c')]),
  },
  {
    bug: 'a message stands before one that was acknowledged before it was sent',
    class: 'inversion',
    corrupt: ({ logs }) => setLog(logs, [message(1, 'c'), message(2, 'b'), message(3, 'a')]),
  },
  {
    bug: 'a publisher’s messages are stored in another order',
    class: 'inversion',
    corrupt: ({ events }) => replace(events, 2, { ...invoke(1, 'ann', 'a', 3) }),
  },
  {
    bug: 'a message was refused and is stored',
    class: 'false-failure',
    corrupt: ({ logs }) =>
      setLog(logs, [message(1, 'a'), message(2, 'b'), message(3, 'c'), message(4, 'x')]),
  },
  {
    bug: 'the repeat of a stored message was refused',
    class: 'false-failure',
    corrupt: ({ events }) => replace(events, 10, { type: 'fail', op: 3, code: 'id_reused' }),
  },
  {
    bug: 'a message is stored that nobody sent',
    class: 'phantom',
    corrupt: ({ logs }) =>
      setLog(logs, [message(1, 'a'), message(2, 'b'), message(3, 'c'), message(4, 'ghost')]),
  },
  {
    bug: 'a message has other words than its sender’s',
    class: 'divergence',
    corrupt: ({ logs }) =>
      setLog(logs, [{ ...message(1, 'a'), body: 'lies' }, message(2, 'b'), message(3, 'c')]),
  },
  {
    bug: 'two nodes tell different messages',
    class: 'divergence',
    corrupt: ({ logs }) => replaceLog(logs, 1, [message(1, 'a'), message(2, 'c'), message(3, 'b')]),
  },
  {
    bug: 'one node has not got a message',
    class: 'divergence',
    corrupt: ({ logs }) => replaceLog(logs, 1, [message(1, 'a'), message(2, 'b')]),
  },
  {
    bug: 'two tries were acknowledged with different numbers',
    class: 'divergence',
    corrupt: ({ events }) => replace(events, 7, { type: 'ok', op: 2, seq: 9 }),
  },
  {
    bug: 'a send was never answered for',
    class: 'unresolved',
    corrupt: ({ events }) => replace(events, 17, { type: 'info', op: 5, why: 'silence' }),
  },
  {
    bug: 'a reader was never shown a message',
    class: 'hole',
    corrupt: ({ events }) => void events.splice(8, 1),
  },
  {
    bug: 'a reader was never shown the last message',
    class: 'hole',
    corrupt: ({ events }) => void events.pop(),
  },
  {
    bug: 'a node left something out on a line that was never cut',
    class: 'hole',
    corrupt: ({ events }) =>
      void events.push({
        ...{ type: 'gap', reader: 'r1', conversation: room, have: 1, prev: 2 },
        at: 90,
      }),
  },
  {
    bug: 'a reader was shown a message twice',
    class: 'duplicate',
    corrupt: ({ events }) => void events.push({ ...seen('r1', 2, 'b'), at: 90 }),
  },
  {
    bug: 'a reader was shown two messages in the wrong order',
    class: 'inversion',
    corrupt: ({ events }) => {
      replace(events, 4, seen('r1', 2, 'b'));
      replace(events, 8, seen('r1', 1, 'a'));
    },
  },
  {
    bug: 'a reader was shown another message than is stored there',
    class: 'divergence',
    corrupt: ({ events }) => replace(events, 4, seen('r1', 1, 'b')),
  },
  {
    bug: 'a reader was shown a message whose commit was rolled back',
    class: 'phantom',
    corrupt: ({ events }) => void events.push({ ...seen('r1', 4, 'rolled back'), at: 90 }),
  },
  {
    bug: 'somebody was shown a conversation that is not theirs',
    class: 'phantom',
    corrupt: ({ events }) => void events.push({ ...seen('stranger', 3, 'c'), at: 90 }),
  },
  {
    bug: 'a newcomer was shown what was said before',
    class: 'phantom',
    corrupt: ({ events }) => {
      replace(events, 0, {
        type: 'enter',
        reader: 'r1',
        user: 'rita',
        conversation: room,
        after: 1,
      });
    },
  },
  {
    bug: 'a removed person was shown what was said afterwards',
    class: 'after-removal',
    corrupt: ({ events }) => {
      events.splice(14, 0, {
        type: 'removed',
        user: 'ron',
        conversation: room,
        version: 2,
        at: 14,
      });
      events.splice(15, 0, { type: 'leave', reader: 'r2', conversation: room, at: 14 });
    },
  },
  {
    bug: 'a removed person was shown something old long afterwards',
    class: 'after-removal',
    corrupt: ({ events }) => {
      events.splice(14, 0, {
        type: 'removed',
        user: 'ron',
        conversation: room,
        version: 9,
        at: 14,
      });
      const last = events.at(-1);
      if (last !== undefined) events.splice(-1, 1, { ...last, at: 9_000 });
    },
  },
  {
    bug: 'a reader was told a mark lower than before',
    class: 'mark-went-back',
    corrupt: ({ events }) => void events.push({ ...mark('r2', 1), at: 90 }),
  },
  {
    bug: 'a mark that was taken is gone in the end',
    class: 'mark-went-back',
    corrupt: ({ logs }) => {
      for (const [index, log] of logs.entries()) {
        logs[index] = { ...log, marks: { rita: { read: 1, delivered: 0 } } };
      }
    },
  },
];

function setLog(logs: LoggedConversation[], messages: readonly LoggedMessage[]): void {
  for (const index of logs.keys()) replaceLog(logs, index, messages);
}

function replaceLog(
  logs: LoggedConversation[],
  index: number,
  messages: readonly LoggedMessage[],
): void {
  const log = logs[index];
  if (log !== undefined) logs[index] = { ...log, messages };
}

function replace(events: Recorded[], index: number, event: HistoryEvent): void {
  events[index] = { ...event, at: index };
}

describe('the checker of histories', () => {
  it('[HI1] finds nothing in a history in which all went well', () => {
    const { events, logs } = sound();
    const findings = checkHistory(events, logs);
    expect(findings.kept).toEqual([]);
    expect(findings.total).toBe(0);
  });

  it.each(corruptions)('[HI2] finds that $bug', (corruption) => {
    const history = sound();
    corruption.corrupt(history);
    const findings = checkHistory(history.events, history.logs);
    expect(findings.kept.map((one) => one.class)).toContain(corruption.class);
  });

  it('[HI3] takes an unknown outcome for none: stored or not, it is no fault', () => {
    for (const messages of [
      ['a', 'b', 'c'],
      ['a', 'b', 'c', 'maybe'],
    ]) {
      const { events, logs } = sound();
      const at = 100;
      events.push({ ...invoke(6, 'ann', 'maybe', 3), at });
      events.push({ type: 'info', op: 6, why: 'the line broke', at });
      // Removed by then: a repeat tells nothing of the first try.
      events.push({ ...invoke(7, 'ann', 'maybe', 3), at });
      events.push({ type: 'fail', op: 7, code: 'not_found', at });
      const isStored = messages.length > 3;
      if (isStored) {
        for (const reader of ['r1', 'r2']) events.push({ ...seen(reader, 4, 'maybe'), at });
      }
      setLog(
        logs,
        messages.map((id, index) => message(index + 1, id)),
      );
      expect(checkHistory(events, logs).kept).toEqual([]);
    }
  });

  it('[HI4] lets a reader go on elsewhere when it was told that continuity is lost', () => {
    const { events, logs } = sound();
    events.splice(8, 1, { type: 'reset', reader: 'r1', conversation: room, after: 2, at: 8 });
    expect(checkHistory(events, logs).kept).toEqual([]);
  });

  it('[HI4] asks nothing of a reader after it has left', () => {
    const { events, logs } = sound();
    events.splice(8, 0, { type: 'leave', reader: 'r1', conversation: room, at: 8 });
    const mine = events.filter((one) => one.at < 8 || one.type !== 'seen' || one.reader !== 'r1');
    expect(checkHistory(mine, logs).kept).toEqual([]);
  });

  it('[HI5] takes time in proportion to the history', () => {
    const big = madeUp(40_000);
    const began = performance.now();
    expect(checkHistory(big.events, big.logs).total).toBe(0);
    const all = performance.now() - began;
    const small = madeUp(4_000);
    const beganSmall = performance.now();
    checkHistory(small.events, small.logs);
    // Ten times as much may take ten times as long, and on a busy machine some times that.
    expect(all).toBeLessThan(100 * (performance.now() - beganSmall) + 1_000);
  });

  it('[HI5] does not count up to a number from nowhere', () => {
    const { events, logs } = sound();
    replace(events, 8, seen('r1', Date.now(), 'b'));
    const findings = checkHistory(events, logs);
    expect(findings.counts.get('hole')).toBeGreaterThan(0);
  });

  it('[HI6] is written as lines of JSON, and found the same again', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'parley-history-'));
    try {
      const file = join(folder, 'history.jsonl');
      const history = new History();
      const { events, logs } = sound();
      for (const event of events) history.record(event);
      setLog(logs, [message(1, 'a'), message(2, 'b')]);
      await history.save(file, logs);
      const read = await readHistory(file);
      expect(read).toEqual({ events: history.events, logs });
      const [now, again] = [
        checkHistory(history.events, logs),
        checkHistory(read.events, read.logs),
      ];
      expect(again.kept).toEqual(now.kept);
      expect(again.total).toBeGreaterThan(0);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

function madeUp(count: number): { events: Recorded[]; logs: LoggedConversation[] } {
  const events: Recorded[] = [
    { type: 'enter', reader: 'r1', user: 'rita', conversation: room, after: 0, at: 0 },
  ];
  const messages: LoggedMessage[] = [];
  for (let seq = 1; seq <= count; seq++) {
    const id = `m${seq}`;
    events.push({ ...invoke(seq, 'ann', id, seq), at: seq });
    events.push({ type: 'ok', op: seq, seq, at: seq });
    events.push({ ...seen('r1', seq, id), at: seq });
    messages.push(message(seq, id));
  }
  return { events, logs: [{ node: 'n1', conversation: room, messages, marks: {} }] };
}
