import { isErrorCode } from '@parley/protocol';
import type { Answer, HttpCall } from '../kit/http-call.ts';
import type { Run } from '../kit/run.ts';
import { type DescribedCall, describedCalls } from './described-calls.ts';
import { oddValues, pathsOf, without, withValueAt } from './odd-values.ts';
import { errorFault } from './told-error.ts';
import { shorten } from './type-confusion.ts';
import type { World } from './world.ts';

/** One odd call. */
interface Attempt {
  readonly call: DescribedCall;
  readonly path: string;
  readonly given: HttpCall;
}

const atOnce = 8;
const oddTexts = oddValues.map((odd) =>
  typeof odd === 'string' ? odd : (JSON.stringify(odd) ?? ''),
);
/** No JSON, or not in UTF-8. */
const brokenBodies = [
  '',
  ' ',
  '{',
  '[1',
  '"x',
  "{'a':1}",
  'undefined',
  '{"a":1}}',
  '\u0000',
  '{"a":NaN}',
]
  .map((text) => Buffer.from(text))
  .concat([Buffer.from([0xff, 0xfe]), Buffer.from('{"name":"\xe9"}', 'latin1')]);
/** Node refuses to send what no header can hold; the rest is tried. */
const sendable = /^[\t\x20-\x7e]*$/;

const oddHeaders: readonly Readonly<Record<string, string>>[] = [
  ...[
    'text/plain',
    'application/json; charset=utf-16',
    'application/json;',
    '',
    'multipart/form-data',
    '*/*',
  ].map((type) => ({ 'Content-Type': type })),
  ...['gzip', 'deflate', 'br', 'identity, gzip', 'x'].map((coding) => ({
    'Content-Encoding': coding,
  })),
  ...[
    'Bearer',
    'Bearer ',
    'Basic eDp4',
    'Bearer a b',
    'bearer\tx',
    `Bearer ${'x'.repeat(9_000)}`,
    'Bearer null',
  ].map((value) => ({ Authorization: value })),
  ...['null', 'https://evil.example', 'x'.repeat(5_000), '*'].map((origin) => ({ Origin: origin })),
  { 'X-Forwarded-For': '127.0.0.1', 'X-Forwarded-Proto': 'https', Forwarded: 'for=127.0.0.1' },
  { 'X-Request-Id': 'x'.repeat(500) },
  { 'X-HTTP-Method-Override': 'DELETE' },
  { Accept: 'text/html', 'Accept-Encoding': 'gzip, br', Range: 'bytes=0-' },
  { Expect: '100-continue' },
  { Cookie: 'token=x; session=y' },
];

/**
 * Every call of the description with everything odd: answered, and never as a fault of ours.
 *
 * `most`: so many of them, chosen by chance.
 */
export async function confuseCalls(run: Run, world: World, most: number): Promise<number> {
  const calls = await describedCalls(world);
  run.expect(calls.length > 20, `/openapi.json describes ${calls.length} calls`);
  const all = calls.flatMap(attemptsOf);
  const attempts = run.random.shuffled(all).slice(0, most);
  run.note('calls', `${attempts.length} of ${all.length}`);
  let next = 0;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let attempt = attempts[next++]; attempt !== undefined; attempt = attempts[next++]) {
        const { call, path, given } = attempt;
        const answer = await world.installed.call(call.method, path, given);
        const fault = answerFault(answer);
        if (fault === undefined) continue;
        run.fail(
          `${fault}, to ${call.method} ${shorten(path)} ${shorten(JSON.stringify(given) ?? '')}`,
        );
      }
    }),
  );
  return attempts.length;
}

function attemptsOf(call: DescribedCall): Attempt[] {
  const { body, bearer } = call;
  const given: HttpCall = {
    ...(body === undefined ? {} : { body }),
    ...(bearer === undefined ? {} : { bearer }),
  };
  const bodies =
    body === undefined
      ? []
      : pathsOf(body).flatMap((path) => [
          without(body, path),
          ...oddValues.map((odd) => withValueAt(body, path, odd)),
        ]);
  return [
    ...bodies.map((odd) => ({
      call,
      path: pathWith(call),
      given: { ...given, body: JSON.stringify(odd) },
    })),
    ...(body === undefined ? [] : brokenBodies).map((odd) => ({
      call,
      path: pathWith(call),
      given: { ...given, body: odd },
    })),
    ...call.names.flatMap((name) =>
      [
        ...oddTexts.map((text) => encodeURIComponent(text.toWellFormed())),
        '%',
        '%zz',
        '%c0%af',
        '%2F',
      ].map((text) => ({
        call,
        path: pathWith(call, { [name]: text.slice(0, 6_000) || '%20' }),
        given,
      })),
    ),
    ...call.queries.flatMap((name) =>
      oddTexts.map((text) => ({
        call,
        path: `${pathWith(call)}?${name}=${encodeURIComponent(text.toWellFormed()).slice(0, 6_000)}&${name}=2`,
        given,
      })),
    ),
    ...oddHeaders
      .filter((headers) => Object.values(headers).every((value) => sendable.test(value)))
      .map((headers) => ({ call, path: pathWith(call), given: { ...given, headers } })),
  ];
}

/** Nothing that is there is named, or what ends authority would end ours. */
function pathWith({ path }: DescribedCall, named: Readonly<Record<string, string>> = {}): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => named[name] ?? 'no-such-thing');
}

function answerFault({ status, headers, body }: Answer): string | undefined {
  if (status >= 500) return `answered with ${status} ${JSON.stringify(body)}`;
  if (status < 400) return undefined;
  const type = String(headers['content-type'] ?? '');
  if (!type.startsWith('application/problem+json')) return `${status} with the type ${type}`;
  if (typeof body !== 'object' || body === null) return `${status} without a problem`;
  const told = new Map(Object.entries(body));
  if (!isErrorCode(told.get('code'))) return `${status} with the code ${String(told.get('code'))}`;
  const retryAfter = told.get('retry_after_ms');
  return errorFault({
    code: told.get('code'),
    message: told.get('detail'),
    retryable: told.get('retryable'),
    ...(retryAfter === undefined ? {} : { retry_after_ms: retryAfter }),
    ...(told.has('field') ? { field: told.get('field') } : {}),
  });
}
