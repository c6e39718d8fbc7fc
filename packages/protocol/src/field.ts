import { ParleyError } from './errors.ts';
import { isUserId, isUuid } from './ids.ts';
import { isStorable } from './text.ts';

/**
 * Reads one value of a frame: returns it typed, or throws `bad_request` naming the path.
 *
 * Written by hand and not with a schema library, since every frame of every socket passes here.
 */
export type Field<T> = (value: unknown, path: string) => T;

export function refuse(path: string, expected: string): never {
  throw new ParleyError('bad_request', {
    field: path,
    message: path === '' ? `The frame must be ${expected}.` : `\`${path}\` must be ${expected}.`,
  });
}

export function text(options: { readonly max: number; readonly min?: number }): Field<string> {
  const { max, min = 0 } = options;
  return (value, path) => {
    if (typeof value !== 'string') return refuse(path, 'a string');
    if (value.length < min || value.length > max) {
      return refuse(path, `a string of ${min} to ${max} characters`);
    }
    return isStorable(value) ? value : refuse(path, 'text without U+0000 or half surrogate pairs');
  };
}

export const uuid: Field<string> = (value, path) => {
  if (typeof value !== 'string') return refuse(path, 'a UUID');
  const id = value.toLowerCase();
  return isUuid(id) ? id : refuse(path, 'a UUID');
};

export const userId: Field<string> = (value, path) =>
  typeof value === 'string' && isUserId(value)
    ? value
    : refuse(path, 'a user id: 1 to 128 characters, none of them a control character');

export const flag: Field<boolean> = (value, path) =>
  typeof value === 'boolean' ? value : refuse(path, 'true or false');

/** A sequence number or version: a whole number from 0. */
export const count: Field<number> = (value, path) =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
    ? value
    : refuse(path, 'a whole number from 0');

export function between(min: number, max: number): Field<number> {
  return (value, path) =>
    typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max
      ? value
      : refuse(path, `a whole number from ${min} to ${max}`);
}

export function oneOf<const T extends string>(...values: readonly T[]): Field<T> {
  return (value, path) =>
    values.find((one) => one === value) ?? refuse(path, `one of ${values.join(', ')}`);
}

export function list<T>(
  item: Field<T>,
  options: { readonly max: number; readonly min?: number },
): Field<T[]> {
  const { max, min = 0 } = options;
  return (value, path) => {
    if (!Array.isArray(value) || value.length < min || value.length > max) {
      return refuse(path, `a list of ${min} to ${max}`);
    }
    return value.map((one, index) => item(one, `${path}.${index}`));
  };
}

/** A JSON object used as a map. A Map, since keys come from outside and `__proto__` is a key too. */
export function map<T>(
  key: Field<string>,
  item: Field<T>,
  options: { readonly max: number },
): Field<Map<string, T>> {
  return (value, path) => {
    if (!isRecord(value)) return refuse(path, 'an object');
    const entries = Object.entries(value);
    if (entries.length > options.max)
      return refuse(path, `an object of at most ${options.max} keys`);
    return new Map(
      entries.map(([name, one]) => [key(name, `${path} (key)`), item(one, `${path}.${name}`)]),
    );
  };
}

type Fields = Readonly<Record<string, Field<unknown>>>;
type Value<F> = F extends Field<infer T> ? T : never;
type OptionalKeys<S extends Fields> = {
  [K in keyof S]: undefined extends Value<S[K]> ? K : never;
}[keyof S];

/** What an object of these fields is once read: optional ones are absent, never `undefined`. */
export type Shape<S extends Fields> = {
  readonly [K in Exclude<keyof S, OptionalKeys<S>>]: Value<S[K]>;
} & { readonly [K in OptionalKeys<S>]?: Exclude<Value<S[K]>, undefined> };

/** Absent, or null, or a value. */
export function optional<T>(field: Field<T>): Field<T | undefined> {
  return (value, path) => (value === undefined || value === null ? undefined : field(value, path));
}

/** An object with these fields; others are ignored, so that older servers understand newer clients. */
export function object<S extends Fields>(fields: S): Field<Shape<S>> {
  const names = Object.entries(fields);
  return (value, path) => {
    if (!isRecord(value)) return refuse(path, 'an object');
    const result: Record<string, unknown> = {};
    for (const [name, field] of names) {
      const at = path === '' ? name : `${path}.${name}`;
      const read = field(Object.hasOwn(value, name) ? value[name] : undefined, at);
      if (read !== undefined) result[name] = read;
    }
    // Every key was read by its own field above: the one place where the compiler cannot follow.
    return result as Shape<S>;
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
