import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ConversationChange } from '../bus/bus.ts';
import { LiveConversation } from './live-conversation.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function change(version: number, prev = version - 1, seq?: number): ConversationChange {
  return { type: 'change', version, prev, frame: '', ...(seq === undefined ? {} : { seq }) };
}

function changes(from: number, to: number): ConversationChange[] {
  return Array.from({ length: to - from + 1 }, (_, i) => change(from + i));
}

/** A conversation at version 10, and a database that holds `stored`, `page` rows a read. */
function start(options: { stored?: readonly ConversationChange[]; page?: number } = {}) {
  let stored = options.stored ?? [];
  const delivered: ConversationChange[] = [];
  const reads: [version: number, lastSeq: number][] = [];
  const errors: unknown[] = [];
  let failing = false;
  const live = new LiveConversation({
    version: 10,
    lastSeq: 5,
    deliver: (one) => delivered.push(one),
    readGap: async (version, lastSeq) => {
      reads.push([version, lastSeq]);
      if (failing) throw new Error('no database');
      return stored.filter((one) => one.version > version).slice(0, options.page ?? 500);
    },
    onError: (error) => errors.push(error),
  });
  return {
    live,
    reads,
    errors,
    store: (rows: readonly ConversationChange[]) => {
      stored = rows;
    },
    fail: (now: boolean) => {
      failing = now;
    },
    versions: () => delivered.map((one) => one.version),
  };
}

const afterReordering = () => vi.advanceTimersByTimeAsync(30);

describe('a live conversation', () => {
  it('[HB1] delivers what follows at once, and what it has seen never again', async () => {
    const { live, versions, reads } = start();
    live.take(changes(9, 12));
    live.take(changes(11, 13));
    live.take([change(10), change(13), change(1)]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(versions()).toEqual([11, 12, 13]);
    expect(live.version).toBe(13);
    expect(reads).toEqual([]);
  });

  it('[HB2] holds what comes early until what is before it comes', async () => {
    const { live, versions, reads } = start();
    live.take([change(14), change(12)]);
    live.take([change(13)]);
    expect(versions()).toEqual([]);
    await vi.advanceTimersByTimeAsync(29);
    live.take([change(11)]);
    expect(versions()).toEqual([11, 12, 13, 14]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(reads).toEqual([]);
  });

  it('[HB3] reads a hole from the database after 30 ms, and goes on in order', async () => {
    const { live, versions, reads } = start({ stored: changes(1, 13) });
    live.take([change(14), change(12, 11, 7)]);
    live.take([change(15)]);
    await vi.advanceTimersByTimeAsync(29);
    expect(reads).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(reads).toEqual([[10, 5]]);
    expect(versions()).toEqual([11, 12, 13, 14, 15]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(reads).toHaveLength(1);
  });

  it('[HB4] follows the chain of `prev` where rows in between were superseded', async () => {
    const { live, versions } = start({ stored: [change(13, 10), change(17, 13)] });
    live.take([change(18)]);
    await afterReordering();
    expect(versions()).toEqual([13, 17, 18]);
    live.take([change(16), change(21, 18)]);
    expect(versions()).toEqual([13, 17, 18, 21]);
  });

  it('[HB5] asks with the newest seq that it delivered', async () => {
    const { live, reads } = start();
    live.take([change(11, 10, 6), change(12), change(14)]);
    await afterReordering();
    expect(reads).toEqual([[12, 6]]);
  });

  it('[HB6] catches up with a version that nobody told it of, page by page', async () => {
    const { live, versions, reads } = start({ stored: changes(1, 1_300), page: 500 });
    live.catchUp(9);
    live.catchUp(1_300);
    await afterReordering();
    expect(versions()).toEqual(Array.from({ length: 1_290 }, (_, i) => i + 11));
    expect(reads.map(([version]) => version)).toEqual([10, 510, 1_010]);
  });

  it('[HB7] keeps a bounded number of early changes, and loses none for it', async () => {
    const { live, versions, store } = start({ page: 500 });
    live.take(changes(12, 2_000));
    store(changes(1, 2_000));
    await afterReordering();
    expect(versions()).toEqual(Array.from({ length: 1_990 }, (_, i) => i + 11));
  });

  it('[HB8] takes what comes while the database is read, in order', async () => {
    const { live, versions } = start({ stored: changes(11, 12) });
    live.take([change(12)]);
    const read = afterReordering();
    live.take([change(13), change(15)]);
    await read;
    expect(versions()).toEqual([11, 12, 13]);
    live.take([change(14)]);
    expect(versions()).toEqual([11, 12, 13, 14, 15]);
  });

  it('[HB9] tries again after a second when the database fails, and tells of the failure', async () => {
    const { live, versions, errors, fail, reads } = start({ stored: changes(11, 12) });
    fail(true);
    live.take([change(12)]);
    await afterReordering();
    expect([errors.length, reads.length]).toEqual([1, 1]);
    await vi.advanceTimersByTimeAsync(999);
    expect(reads).toHaveLength(1);
    fail(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(versions()).toEqual([11, 12]);
  });

  it('[HB10] asks a database that does not know yet again, but not without a pause', async () => {
    const { live, versions, store, reads } = start();
    live.take([change(12)]);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(versions()).toEqual([]);
    expect(reads.length).toBeGreaterThan(2);
    expect(reads.length).toBeLessThan(10);
    store(changes(1, 12));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(versions()).toEqual([11, 12]);
  });

  it('[HB11] does nothing more once closed', async () => {
    const { live, versions, reads } = start({ stored: changes(1, 20) });
    live.take([change(12)]);
    live.close();
    await vi.advanceTimersByTimeAsync(10_000);
    expect([versions(), reads]).toEqual([[], []]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('[HB11] what fails of its reads once it is closed is told to nobody', async () => {
    const { live, errors, fail, reads } = start();
    fail(true);
    live.take([change(12)]);
    vi.advanceTimersByTime(30);
    live.close();
    await vi.advanceTimersByTimeAsync(10_000);
    expect([reads.length, errors]).toEqual([1, []]);
  });
});
