/** What stands where something simple was expected: every kind of JSON, and the edges of each. */
export const oddValues: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -0,
  1,
  -1,
  0.5,
  1e308,
  -1e308,
  Number.MAX_SAFE_INTEGER,
  Number.MAX_SAFE_INTEGER + 2,
  2 ** 63,
  4_294_967_296,
  '',
  ' ',
  '0',
  'null',
  'NaN',
  '\u0000',
  'a\u0000b',
  '\ud800',
  '\udc00',
  '\u202e\u2066',
  '\ufeff',
  '\n\r\t\u0085\u2028',
  '../../etc/passwd',
  "' or 1=1 --",
  '%',
  '__proto__',
  'constructor',
  'toString',
  '\u{1f642}'.repeat(200),
  'x'.repeat(129),
  'x'.repeat(10_001),
  'x'.repeat(40_000),
  '00000000-0000-0000-0000-000000000000',
  '01990000-0000-7000-8000-000000000000',
  'FFFFFFFF-FFFF-7FFF-BFFF-FFFFFFFFFFFF',
  [],
  [null],
  [[]],
  ['x'],
  [{}],
  Array.from({ length: 2_000 }, (_, index) => `u${index}`),
  {},
  { length: 1, 0: 'x' },
  { toString: 'x', valueOf: 1, toJSON: 'x' },
  { $ne: null },
  { constructor: { prototype: { polluted: true } } },
  JSON.parse('{"__proto__":{"polluted":true}}'),
  Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`k${index}`, index])),
  nested(500),
];

/** Lists within lists; some thousands are too deep for `JSON.stringify`. */
export function nested(depth: number): unknown {
  let value: unknown = 0;
  for (let level = 0; level < depth; level++) value = [value];
  return value;
}

/** Lists within lists as JSON, of any depth. */
export function nestedText(depth: number): string {
  return `${'['.repeat(depth)}0${']'.repeat(depth)}`;
}

/** Where a value stands in JSON: keys and places on the way to it. */
export type Path = readonly (string | number)[];

/** Every place in a value, itself included. */
export function pathsOf(value: unknown, before: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [before];
  return [
    before,
    ...Object.entries(value).flatMap(([key, one]) =>
      pathsOf(one, [...before, Array.isArray(value) ? Number(key) : key]),
    ),
  ];
}

/** A copy with something else in one place. Keys are taken as they are, also `__proto__`. */
export function withValueAt(value: unknown, path: Path, odd: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return odd;
  if (Array.isArray(value)) {
    return value.map((one, index) => (index === key ? withValueAt(one, rest, odd) : one));
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [
      name,
      name === key ? withValueAt(one, rest, odd) : one,
    ]),
  );
}

/** A copy without what stands in one place. */
export function without(value: unknown, path: Path): unknown {
  const [key, ...rest] = path;
  if (key === undefined || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    return rest.length === 0
      ? value.filter((_, index) => index !== key)
      : value.map((one, index) => (index === key ? without(one, rest) : one));
  }
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, one]) => {
      if (name !== key) return [[name, one]];
      return rest.length === 0 ? [] : [[name, without(one, rest)]];
    }),
  );
}
