import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { operationPolicy } from '../policy/operation-policy.ts';
import { operationOf } from './guard.ts';
import { createTestApp, type TestApp } from './testing/test-app.ts';

let demo: TestApp;
let plain: TestApp;
beforeAll(async () => {
  demo = await createTestApp({ config: { demo: true }, demo: { people: async () => [] } });
  plain = await createTestApp();
});
afterAll(async () => {
  await demo[Symbol.asyncDispose]();
  await plain[Symbol.asyncDispose]();
});

/** Every method and path, each with its handlers in the order in which they run. */
function routes({ app }: TestApp): Map<string, object[]> {
  const known = new Map<string, object[]>();
  for (const { method, path, handler } of app.routes) {
    if (method === 'ALL') continue;
    const route = `${method} ${path}`;
    known.set(route, [...(known.get(route) ?? []), handler]);
  }
  return known;
}

describe('The HTTP door', () => {
  test('[RO4] asks the policy table first on every route', () => {
    for (const [route, [first = {}]] of routes(demo)) {
      expect(operationOf(first), route).toBeDefined();
    }
  });

  test('[RO4] has one route for every row, those of the demo in demo mode only', () => {
    const operations = (app: TestApp) =>
      [...routes(app).values()].flatMap((handlers) =>
        handlers.flatMap((handler) => operationOf(handler) ?? []),
      );
    const rows = Object.keys(operationPolicy).sort();
    expect(operations(demo).sort()).toEqual(rows);
    const ofDemo = ['demoSignIn', 'listDemoPeople'];
    expect(operations(plain).sort()).toEqual(rows.filter((row) => !ofDemo.includes(row)));
  });
});
