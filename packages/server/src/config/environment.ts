import { readFileSync } from 'node:fs';

export type Variables = Readonly<Record<string, string | undefined>>;

/** A value is not what its variable takes; the message completes "<NAME> ...". */
export class BadValue extends Error {}

/** Larger secret files are something else. */
const largestSecretBytes = 64 * 1024;

/** Reads variables one by one, and gathers what is wrong instead of stopping at the first. */
export class Environment {
  readonly #variables: Variables;
  readonly #known = new Set<string>();
  readonly problems: string[] = [];

  constructor(variables: Variables) {
    this.#variables = variables;
  }

  read(name: string): string | undefined {
    this.#known.add(name);
    return this.#variables[name]?.trim() || undefined;
  }

  /** The value, or undefined when it is unset or wrong. */
  parse<Value>(name: string, parse: (text: string) => Value): Value | undefined {
    return this.#try(name, this.read(name), parse);
  }

  /** As `parse`, for a value that may be in the file that `<NAME>_FILE` names. */
  parseSecret<Value>(name: string, parse: (text: string) => Value): Value | undefined {
    const text = this.read(name);
    const file = this.read(`${name}_FILE`);
    if (text !== undefined && file !== undefined) {
      this.problems.push(`${name} and ${name}_FILE are both set: unset one.`);
      return undefined;
    }
    if (file === undefined) return this.#try(name, text, parse);
    const read = this.#try(`${name}_FILE`, file, readSecretFile);
    return this.#try(`The file of ${name}_FILE`, read, parse);
  }

  /** Warnings for variables with our prefix that nothing has read. */
  unknown(): string[] {
    const ours = [...this.#known].filter((name) => name.startsWith('PARLEY_')).sort();
    return Object.keys(this.#variables)
      .filter((name) => name.startsWith('PARLEY_') && !this.#known.has(name))
      .sort()
      .map((name) => `${name} is not known and has no effect. Known are ${ours.join(', ')}.`);
  }

  #try<Value>(
    name: string,
    text: string | undefined,
    parse: (text: string) => Value,
  ): Value | undefined {
    if (text === undefined) return undefined;
    try {
      return parse(text);
    } catch (error) {
      if (!(error instanceof BadValue)) throw error;
      this.problems.push(`${name} ${error.message}`);
      return undefined;
    }
  }
}

function readSecretFile(path: string): string {
  let content: Buffer;
  try {
    content = readFileSync(path);
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw new BadValue(`names a file that cannot be read (${why}).`);
  }
  if (content.length > largestSecretBytes) throw new BadValue('names a file that is too large.');
  const text = content.toString('utf8').trim();
  if (text === '') throw new BadValue('names an empty file.');
  return text;
}
