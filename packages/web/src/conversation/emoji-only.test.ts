import { expect, test } from 'vitest';
import { isEmojiOnly } from './emoji-only.ts';

test('a few emoji and nothing else stand large', () => {
  for (const body of ['👍', '🎉 🎉', '👩‍👩‍👧‍👦', '🇯🇵🇩🇪', '❤️', '👍🏽👍🏿'])
    expect(isEmojiOnly(body)).toBe(true);
});

test('words, figures and long rows of emoji do not', () => {
  for (const body of ['', 'ok 👍', '1', '#', '👍👍👍👍👍👍👍', '👍'.repeat(5_000)]) {
    expect(isEmojiOnly(body)).toBe(false);
  }
});
