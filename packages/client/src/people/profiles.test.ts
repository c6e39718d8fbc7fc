import type { User } from '@parley/protocol';
import { describe, expect, it } from 'vitest';
import { Profiles } from './profiles.ts';

const told = (name: string, second: number): User => ({
  id: 'bob',
  name,
  avatar_url: null,
  updated_at: `2026-01-01T00:00:0${second}.000Z`,
});

describe('profiles', () => {
  it('[CL3] of two tellings of one person, the one that changed later holds', () => {
    const profiles = new Profiles();
    expect(profiles.take(told('Bob', 1))).toBe(false);
    expect(profiles.take(told('Robert', 3))).toBe(true);
    expect(profiles.take(told('Bobby', 2))).toBe(false);
    expect(profiles.take(told('Robert', 3))).toBe(false);
  });
});
