import { describe, expect, test } from 'vitest';
import { pickLocale } from './locale.ts';
import { createTimeLabels, daysBetween } from './time-labels.ts';

const labels = createTimeLabels('en-GB');
const now = new Date('2026-11-22T15:00:00');
const at = (local: string) => new Date(local).toISOString();

describe('the list says when', () => {
  test.each([
    ['2026-11-22T09:05:00', '09:05'],
    ['2026-11-22T23:00:00', '23:00'],
    ['2026-11-21T23:59:00', 'Yesterday'],
    ['2026-11-20T00:00:00', 'Friday'],
    ['2026-11-16T12:00:00', 'Monday'],
    ['2026-11-15T12:00:00', '15 Nov'],
    ['2025-12-31T12:00:00', '31/12/2025'],
  ])('%s is %s', (time, words) => {
    expect(labels.short(at(time), now)).toBe(words);
  });
});

describe('a day separator says', () => {
  test.each([
    ['2026-11-22T00:00:00', 'Today'],
    ['2026-11-23T01:00:00', 'Today'],
    ['2026-11-21T00:00:00', 'Yesterday'],
    ['2026-11-13T00:00:00', 'Friday 13 November'],
    ['2025-11-13T00:00:00', '13 November 2025'],
  ])('%s is %s', (time, words) => {
    expect(labels.day(at(time), now)).toBe(words);
  });
});

test('last seen names the day', () => {
  expect(labels.seen(at('2026-11-22T09:05:00'), now)).toBe('today at 09:05');
  expect(labels.seen(at('2026-11-21T09:05:00'), now)).toBe('yesterday at 09:05');
  expect(labels.seen(at('2026-11-03T09:05:00'), now)).toBe('on 3 Nov');
});

test('days are counted by the calendar, also where a clock change makes one shorter', () => {
  expect(daysBetween(new Date('2026-03-28T23:30:00'), new Date('2026-03-29T00:30:00'))).toBe(1);
  expect(daysBetween(new Date('2026-10-24T00:30:00'), new Date('2026-10-26T23:30:00'))).toBe(2);
});

test('times are in the language of the words, in the form of the reader', () => {
  expect(pickLocale(['de-DE', 'en-US'], 'en')).toBe('en-US');
  expect(pickLocale(['de-DE'], 'en')).toBe('en-GB');
  expect(createTimeLabels('en-US', true).clock(at('2026-11-22T15:05:00'))).toMatch(/^03:05\sPM$/);
});
