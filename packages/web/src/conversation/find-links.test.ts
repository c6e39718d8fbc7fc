import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findLinks } from './find-links.ts';

const links = (text: string) =>
  findLinks(text).flatMap((part) => (part.type === 'link' ? [part.text] : []));

test('[PG6] http and https addresses become links, nothing else does', () => {
  expect(links('See https://a.example/b and http://c.example.')).toEqual([
    'https://a.example/b',
    'http://c.example',
  ]);
  for (const text of [
    'javascript:alert(1)',
    'data:text/html,x',
    'ftp://a.example',
    'mailto:a@b.example',
    'xhttps://a.example',
    'https://',
    'http:///x',
  ]) {
    expect(links(text)).toEqual([]);
  }
});

test('[PG6] the punctuation around an address stays outside it', () => {
  expect(links('(see https://a.example/b_(c)), "https://d.example/?q=1!"')).toEqual([
    'https://a.example/b_(c)',
    'https://d.example/?q=1',
  ]);
  expect(links('詳細は「https://a.example/x」。')).toEqual(['https://a.example/x']);
  expect(links('<https://a.example/x>')).toEqual(['https://a.example/x']);
});

test('[PG6] the parts joined are the text again, whatever it holds', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom('https://', 'http://a.b', ')', '(', '.', ' ', '\n', 'https://x.example/a(b'),
  );
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const text = pieces.join('');
      const parts = findLinks(text);
      expect(parts.map((part) => part.text).join('')).toBe(text);
      for (const part of parts) {
        if (part.type === 'link') expect(part.href).toMatch(/^https?:\/\//);
      }
    }),
  );
});

test('a long text without an end to its address is read in one go', () => {
  const text = `https://a.example/${'.'.repeat(9_000)}`;
  const started = performance.now();
  findLinks(text);
  expect(performance.now() - started).toBeLessThan(200);
});
