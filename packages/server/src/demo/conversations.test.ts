import { codePoints, limits, parseBody, parseName } from '@parley/protocol';
import { expect, test } from 'vitest';
import { timeOf } from './calendar.ts';
import { readUpTo } from './conversation.ts';
import { demoConversations, transcripts } from './conversations.ts';
import { datedConversation, readTranscript } from './transcript.ts';

const wednesday = new Date(2026, 4, 20, 14, 30).getTime();
const conversations = demoConversations(wednesday);
const log = conversations.find(({ key }) => key === 'site-log')?.messages ?? [];
const written = conversations.filter(({ key }) => key !== 'site-log');
const texts = conversations.flatMap(({ messages }) => messages.map(({ text }) => text));

test('There are direct and group conversations, hundreds of written messages and a log of thousands', () => {
  expect(conversations.filter(({ name }) => name === null).length).toBeGreaterThanOrEqual(6);
  expect(conversations.filter(({ name }) => name !== null).length).toBeGreaterThanOrEqual(6);
  expect(written.flatMap(({ messages }) => messages).length).toBeGreaterThan(700);
  expect(log.length).toBeGreaterThan(2_500);
});

test('Every text is one that a person could send: trimmed, within the limits, no filler', () => {
  for (const text of texts) {
    expect(parseBody(text)).toBe(text);
    expect(text).not.toMatch(/lorem|ipsum|\btodo\b|undefined|\[object|\t| $/im);
  }
  for (const { name } of conversations) if (name !== null) expect(parseName(name)).toBe(name);
  expect(Math.max(...texts.map(codePoints))).toBeLessThan(limits.bodyCodePoints);
});

test('Short and long, lists, code, links and nothing but emoji: all are there', () => {
  const emojiOnly = /^(?:\p{Extended_Pictographic}|\p{Emoji_Modifier}|\u200d|\ufe0f|[♀♂])+$/u;
  const kinds = [/^.{1,4}$/u, /[\s\S]{600,}/u, /\n- /, /\n\d\. /, /```/, /https:\/\//, emojiOnly];
  for (const kind of kinds)
    expect(texts.filter((text) => kind.test(text)).length).toBeGreaterThan(1);
});

test('Many scripts and languages are spoken', () => {
  const scripts = ['Latin', 'Arabic', 'Han', 'Hiragana', 'Katakana', 'Devanagari', 'Hangul'];
  for (const script of scripts) {
    const inScript = new RegExp(`\\p{Script=${script}}`, 'u');
    expect(texts.filter((text) => inScript.test(text)).length, script).toBeGreaterThan(0);
  }
  expect(shareOf('amina-omar', /\p{Script=Arabic}/u)).toBeGreaterThan(0.9);
  expect(shareOf('kenji-yuki', /\p{Script=Hiragana}/u)).toBeGreaterThan(0.9);
  expect(shareOf('amina-zoe', /[éèêàçôûî]|\b(?:le|la|de|je|tu|les)\b/i)).toBeGreaterThan(0.8);
  expect(
    shareOf('jonas-zoe', /[äöüß]|\b(?:der|die|das|ich|du|und|es|ist|dann|wird|mit|bitte)\b/i),
  ).toBeGreaterThan(0.8);
});

test('At any hour of any day, messages ascend and none is in the future', () => {
  const read = transcripts.map(readTranscript);
  for (let hour = 0; hour < 24 * 7; hour += 5) {
    const now = new Date(2026, 2, 26, hour, 10).getTime();
    for (const transcript of read) expectAscending(datedConversation(transcript, now), now);
  }
  // New year, the night in which clocks go forward, a Sunday before dawn.
  const odd = [new Date(2027, 0, 1, 0, 1), new Date(2026, 2, 29, 3, 30), new Date(2026, 7, 2, 4)];
  for (const now of odd.map(Number)) {
    for (const conversation of demoConversations(now)) expectAscending(conversation, now);
  }
});

test('In the middle of any working day the written order is the order in time', () => {
  for (const file of transcripts) {
    const { entries } = readTranscript(file);
    for (const day of [18, 19, 20, 21, 22]) {
      const now = new Date(2026, 4, day, 14, 0).getTime();
      const times = entries.map(({ when }) => timeOf(when, now));
      expect(times, file).toEqual(times.toSorted((one, other) => one - other));
    }
  }
});

test('Weekday names in the files are those of the days they fall on, whenever the demo is seeded', () => {
  for (const day of [18, 20, 22, 24]) {
    const { messages } = datedConversation(
      readTranscript('juniper-bakery'),
      new Date(2026, 4, day, 12).getTime(),
    );
    const opening = messages.find(({ text }) => text.startsWith('Queue to the corner'));
    expect(new Date(opening?.at ?? 0).getDay()).toBe(6);
  }
});

test('Unread messages are as many as the files say', () => {
  for (const conversation of written) {
    for (const [person, unread] of conversation.unread) {
      const left = conversation.messages.length - readUpTo(conversation, person);
      expect(left, `${conversation.key}: ${person}`).toBe(unread);
    }
  }
  const site = conversations.find(({ key }) => key === 'site-log');
  expect(log.length - (site === undefined ? 0 : readUpTo(site, 'maya'))).toBeGreaterThan(99);
});

test('The log is the same each time it is written', () => {
  expect(demoConversations(wednesday)).toEqual(conversations);
});

test('No two screens of the log look the same', () => {
  for (let at = 0; at + 30 < log.length; at++) {
    const screen = new Set(log.slice(at, at + 30).map(({ text }) => text));
    expect(screen.size).toBeGreaterThan(24);
  }
  const long = log.map(({ text }) => text).filter((text) => text.length > 40);
  expect(new Set(long).size / long.length).toBeGreaterThan(0.9);
  const fours = log.slice(3).map((_, at) =>
    log
      .slice(at, at + 4)
      .map(({ text }) => text)
      .join('|'),
  );
  expect(new Set(fours).size).toBe(fours.length);
});

test('The log leaves nothing of its grammar in its texts', () => {
  for (const { text } of log) expect(text).not.toMatch(/[[\]{}|~]|=>| {2}| [.,]/);
});

function shareOf(key: string, pattern: RegExp): number {
  const messages = conversations.find((conversation) => conversation.key === key)?.messages ?? [];
  return messages.filter(({ text }) => pattern.test(text)).length / messages.length;
}

function expectAscending({ messages }: { messages: readonly { at: number }[] }, now: number): void {
  const wrong = messages.findIndex(
    ({ at }, place) => at > now || at <= (messages[place - 1]?.at ?? Number.NEGATIVE_INFINITY),
  );
  expect(wrong).toBe(-1);
}
