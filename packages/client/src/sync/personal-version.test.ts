import { describe, expect, it } from 'vitest';
import { PersonalVersion } from './personal-version.ts';

describe('the personal version', () => {
  it('[CL14] goes up event by event, and takes each once', () => {
    const me = new PersonalVersion();
    me.told(3);
    expect(me.take(4, 'a')).toBe(true);
    expect(me.take(4, 'a')).toBe(false);
    expect(me.take(2, 'b')).toBe(false);
    expect([me.known, me.hasGap]).toEqual([4, false]);
  });

  it('[CL14] stays below what was skipped until that has been told', () => {
    const me = new PersonalVersion();
    expect(me.take(3, 'a')).toBe(true);
    expect([me.known, me.hasGap]).toEqual([0, true]);
    me.told(2);
    expect([me.known, me.hasGap]).toEqual([3, false]);
  });

  it('[CL14] does not let an older event undo a newer one of the same conversation', () => {
    const me = new PersonalVersion();
    expect(me.take(2, 'a')).toBe(true);
    expect(me.take(1, 'a')).toBe(false);
    expect([me.known, me.hasGap]).toEqual([2, false]);
  });

  it('[CL15] takes the small numbers of a new history after a restart', () => {
    const me = new PersonalVersion();
    me.told(100);
    me.restart();
    expect(me.take(7, 'a')).toBe(true);
    me.told(6);
    expect([me.known, me.hasGap]).toEqual([7, false]);
  });
});
