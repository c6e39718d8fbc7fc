import { presenceTopic } from '@parley/protocol';
import { describe, expect, it, vi } from 'vitest';
import type { PresenceNews } from '../bus/bus.ts';
import { MemoryBus } from '../bus/memory.ts';
import type { Outlet } from './person.ts';
import { Relook } from './relook.ts';
import { Watchers } from './watchers.ts';

const topic = presenceTopic('acme', 'bob');

function watching(...users: string[]) {
  const watchers = new Watchers({ bus: new MemoryBus(), blocksOf: () => new Set() });
  const told = new Map<string, string[]>();
  for (const user of users) {
    const heard: string[] = [];
    told.set(user, heard);
    const outlet: Outlet = {
      scope: { tenant: 'acme', user },
      sessions: new Set(),
      send: (frame) => heard.push(String(frame).includes('"online":true') ? 'online' : 'offline'),
      end: () => {},
    };
    watchers.add(outlet, ['bob']);
  }
  return { watchers, told: (user: string) => told.get(user) ?? [] };
}

function news(online: boolean, turn: number, except: readonly string[] = []): PresenceNews {
  const lastSeenAt = online ? null : '2026-01-02T03:04:05.678Z';
  return { type: 'presence', user: 'bob', online, lastSeenAt, turn, except };
}

function looked(online: boolean, turn: number) {
  return [{ presence: { id: 'bob', online, last_seen_at: null }, turn }];
}

describe('news of coming and going', () => {
  it('[PT24] is dropped when it is older than what was shown, however late it comes', () => {
    const { watchers, told } = watching('ann');
    watchers.answer('acme', looked(false, 10));
    watchers.hear(topic, news(true, 30));
    watchers.hear(topic, news(false, 20));
    watchers.hear(topic, news(true, 9));
    expect(told('ann')).toEqual(['online']);
    watchers.hear(topic, news(false, 31));
    expect(told('ann')).toEqual(['online', 'offline']);
  });

  it('[PT24] is told once, however often it comes', () => {
    const { watchers, told } = watching('ann');
    watchers.answer('acme', looked(true, 10));
    for (const turn of [11, 12, 12, 13]) watchers.hear(topic, news(false, turn));
    for (const turn of [14, 15]) watchers.hear(topic, news(true, turn));
    expect(told('ann')).toEqual(['offline', 'online']);
  });

  it('[PT24] answers who asks with the newest that is known, and the others hear of it', () => {
    const { watchers, told } = watching('ann', 'cy');
    watchers.answer('acme', looked(false, 10));
    watchers.hear(topic, news(true, 20));
    // Looked up before the news came, answered after it.
    expect(watchers.answer('acme', looked(false, 15))).toMatchObject([{ online: true }]);
    // The news of this one was lost: who asked knows it, the other does not.
    expect(watchers.answer('acme', looked(false, 30))).toMatchObject([{ online: false }]);
    expect(watchers.isDoubtful({ tenant: 'acme', user: 'bob' })).toBe(true);
    watchers.hear(topic, news(false, 31));
    expect(told('cy')).toEqual(['online', 'offline']);
    expect(watchers.isDoubtful({ tenant: 'acme', user: 'bob' })).toBe(false);
  });

  it('[PT24] takes a guess for what is known only where nothing is', () => {
    const { watchers, told } = watching('ann', 'cy');
    expect(watchers.answer('acme', looked(false, 0))).toMatchObject([{ online: false }]);
    watchers.hear(topic, news(true, 20));
    expect(watchers.answer('acme', looked(false, 0))).toMatchObject([{ online: true }]);
    expect(watchers.otherwise('acme', new Map([['bob', { online: false, turn: 0 }]])).size).toBe(0);
    expect(told('ann')).toEqual(['online']);
  });

  it('[PT25] tells, after news may have been lost, who is otherwise than was shown', async () => {
    const { watchers, told } = watching('ann');
    watchers.answer('acme', looked(false, 10));
    const done = Promise.withResolvers<void>();
    let [online, turn, failures] = [false, 10, 0];
    const relook = new Relook({
      watchers,
      presence: {
        standings: async () => {
          if (failures-- > 0) throw new Error('away');
          return new Map([['bob', { online, turn }]]);
        },
        newsOf: async () => new Map([['bob', news(online, turn)]]),
      },
      onError: () => done.resolve(),
    });
    const again = async () => {
      relook.add([{ tenant: 'acme', user: 'bob' }]);
      for (let ticks = 0; ticks < 10; ticks++) await Promise.resolve();
    };
    await again();
    expect(told('ann')).toEqual([]);
    [online, turn, failures] = [true, 20, 1];
    await again();
    await done.promise;
    expect(told('ann')).toEqual([]);
    await again();
    expect(told('ann')).toEqual(['online']);
    relook.close();
  });

  it('[PT25] looks again at whom the store could only guess about, until it knows', async () => {
    vi.useFakeTimers();
    try {
      const { watchers, told } = watching('ann');
      watchers.answer('acme', looked(true, 10));
      let guesses = 3;
      const relook = new Relook({
        watchers,
        presence: {
          standings: async () =>
            new Map([['bob', { online: false, turn: guesses-- > 0 ? 0 : 20 }]]),
          newsOf: async () => new Map([['bob', news(false, 20)]]),
        },
        onError: () => {},
      });
      relook.add([{ tenant: 'acme', user: 'bob' }]);
      await vi.advanceTimersByTimeAsync(2_500);
      expect(told('ann')).toEqual([]);
      await vi.advanceTimersByTimeAsync(1_000);
      expect(told('ann')).toEqual(['offline']);
      relook.close();
    } finally {
      vi.useRealTimers();
    }
  });
});
