import { expect, test } from 'vitest';
import { readImports } from './import-graph.ts';
import { importRuleFindings } from './import-rule.ts';

const server = 'packages/server/src';

/** The findings for one file with these lines, at this place. */
function findings(path: string, ...lines: readonly string[]): string[] {
  return importRuleFindings(readImports(new Map([[path, lines.join('\n')]])));
}

test.each([
  ['the domain an edge', 'messages/send-message.ts', '../gateway/hub.ts', 'may not import'],
  ['the domain the other edge', 'members/add-members.ts', '../http/problem.ts', 'may not import'],
  ['the domain an adapter', 'users/get-users.ts', '../db/postgres/connect.ts', 'may not import'],
  ['the domain a bus', 'messages/append.ts', '../bus/memory.ts', 'may not import'],
  ['the domain a store', 'presence/presence.ts', './store/memory.ts', 'may not import'],
  ['the domain main.ts', 'users/get-users.ts', '../main.ts', 'may not import'],
  ['the gateway http', 'gateway/dispatch.ts', '../http/problem.ts', 'may not import'],
  ['http the gateway', 'http/messages.ts', '../gateway/hub.ts', 'may not import'],
  ['an edge an adapter', 'gateway/hub.ts', '../bus/redis.ts', 'may not import'],
  ['an adapter the domain', 'bus/memory.ts', '../messages/append.ts', 'may not import'],
  ['an adapter another', 'bus/memory.ts', '../db/postgres/connect.ts', 'one adapter may not'],
  ['what is kept elsewhere Redis', 'bus/memory.ts', '../redis/redis.ts', 'one adapter may not'],
  ['Redis an adapter', 'redis/redis.ts', '../bus/redis.ts', 'one adapter may not'],
  ['an interface an adapter', 'bus/bus.ts', './memory.ts', 'may not import'],
  ['server.ts an adapter', 'server.ts', './db/postgres/open-database.ts', 'may not import'],
  ['what runs a test tool', 'messages/append.ts', '../db/testing/test-database.ts', 'may not'],
  ['what runs a contract suite', 'bus/memory.ts', './bus.contract.ts', 'may not import'],
  ['the server the client', 'http/page.ts', '@parley/client', 'may not import'],
  ['a package by its files', 'http/page.ts', '../../../protocol/src/index.ts', 'name of its pack'],
  ['the domain ws', 'presence/presence.ts', 'ws', 'at home in'],
  ['the bus the Redis library', 'bus/redis.ts', '@redis/client', 'at home in'],
  ['http the PostgreSQL driver', 'http/messages.ts', 'pg', 'at home in'],
  ['the gateway hono', 'gateway/socket.ts', 'hono/cors', 'at home in'],
])('%s: found', (_what, path, target, objection) => {
  expect(findings(`${server}/${path}`, '', `import type { A } from '${target}';`)).toEqual([
    expect.stringMatching(`^${server}/${path}:2: .*${objection}`),
  ]);
});

test.each([
  ['the protocol a library', 'packages/protocol/src/text.ts', 'zod'],
  ['the protocol Node', 'packages/protocol/src/ids.ts', 'node:crypto'],
  ['the protocol the client', 'packages/protocol/src/ids.ts', '@parley/client'],
  ['the client a library', 'packages/client/src/outbox.ts', 'ws'],
  ['the client the server', 'packages/client/src/outbox.ts', '@parley/server'],
  ['the page the server', 'packages/web/src/main.tsx', '@parley/server'],
  ['the page Node', 'packages/web/src/main.tsx', 'node:fs'],
])('%s: found', (_what, path, target) => {
  expect(findings(path, `import { a } from '${target}';`)).toHaveLength(1);
});

test.each([
  ['a re-export', "export { a } from '../gateway/hub.ts';"],
  ['a re-export of everything', "export * from '../gateway/hub.ts';"],
  ['an import for its effects', "import '../gateway/hub.ts';"],
  ['an import while running', "const hub = await import('../gateway/hub.ts');"],
  ['an import over several lines', "import {\n  a,\n} from '../gateway/hub.ts';"],
])('%s counts as an import', (_what, line) => {
  expect(findings(`${server}/messages/append.ts`, line)).toHaveLength(1);
});

test('What the rooms allow is not found', () => {
  const allowed = new Map([
    [`${server}/main.ts`, "import { openDatabase } from './db/postgres/open-database.ts';"],
    [`${server}/server.ts`, "import { Hub } from './gateway/hub.ts';"],
    [`${server}/gateway/socket.ts`, "import { WebSocketServer } from 'ws';"],
    [`${server}/http/messages.ts`, "import { sendMessage } from '../messages/send-message.ts';"],
    [`${server}/messages/append.ts`, "import type { Database } from '../db/database.ts';"],
    [`${server}/db/embedded/cluster.ts`, "import { connect } from '../postgres/connect.ts';"],
    [`${server}/bus/redis.ts`, "import type { Redis } from '../redis/redis.ts';"],
    [`${server}/presence/store/redis.ts`, "import type { Redis } from '../../redis/redis.ts';"],
    [`${server}/limits/redis.ts`, "import type { Redis } from '../redis/redis.ts';"],
    [`${server}/presence/presence.ts`, "import type { Store } from './store/store.ts';"],
    [`${server}/messages/append.test.ts`, "import { MemoryBus } from '../bus/memory.ts';"],
    ['packages/client/src/outbox.ts', "import { newId } from '@parley/protocol';"],
    ['packages/web/src/main.tsx', "import { render } from 'preact';"],
    ['bench/send.ts', "import { startServer } from '../packages/server/src/main.ts';"],
  ]);
  expect(importRuleFindings(readImports(allowed))).toEqual([]);
});

test('Words of an import in a text or a comment are no import', () => {
  const lines = [
    '// import { a } from "../gateway/hub.ts";',
    'export const text = `import { a } from "../gateway/hub.ts";`;',
  ];
  expect(findings(`${server}/messages/append.ts`, ...lines)).toEqual([]);
});
