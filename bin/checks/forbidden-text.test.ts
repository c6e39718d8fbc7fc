import { expect, test } from 'vitest';
import { forbiddenTextFindings } from './forbidden-text.ts';

const checkout = '/home/somebody/parley';

function findings(path: string, text: string): string[] {
  return forbiddenTextFindings(new Map([[path, text]]), checkout);
}

test.each([
  ['packages/web/src/bubble.tsx', 'element.innerHTML = body;'],
  ['packages/web/src/bubble.tsx', 'element.outerHTML = body;'],
  ['packages/web/src/bubble.tsx', 'element.insertAdjacentHTML("beforeend", body);'],
  ['packages/web/src/bubble.tsx', 'document.write(body);'],
  ['packages/client/src/frames.ts', 'const frame = eval(text);'],
  ['packages/client/src/frames.ts', "const run = new Function('return 1');"],
  ['packages/server/src/messages/messages.ts', 'export class MessageService {}'],
  ['packages/server/src/gateway/hub.ts', 'class ConnectionManager {'],
  ['docs/start.md', `Set it to ${'https:'}//registry.example.org/npm first.`],
  ['package-lock.json', '      "resolved": "https://example.org/ws.tgz",'],
  ['docs/start.md', `Go to ${checkout}/bin first.`],
])('In %s: %s is found', (path, text) => {
  expect(findings(path, `\n${text}`)).toEqual([expect.stringMatching(`^${path}:2: `)]);
});

test.each([
  ['packages/web/src/bubble.test.tsx', "expect(source).not.toContain('innerHTML');"],
  ['packages/server/src/tokens/verify-token.ts', '/** Never calls retrieval(). */'],
  ['packages/server/src/metrics.ts', 'const text = await registry.metrics();'],
  ['package-lock.json', '      "resolved": "packages/client",'],
])('In %s: %s is fine', (path, text) => {
  expect(findings(path, text)).toEqual([]);
});

test('A short checkout path, which could be an address, is not searched for', () => {
  const sources = new Map([['docs/page.md', 'The page is at /app/messages/.']]);
  expect(forbiddenTextFindings(sources, '/app')).toEqual([]);
});
