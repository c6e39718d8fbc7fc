import { readFileSync } from 'node:fs';
import type { DemoRoom } from './conversation.ts';
import { isPersonId, type PersonId } from './people.ts';

/** A line of a content file, with its place for complaints. */
export interface ContentLine {
  readonly number: number;
  readonly text: string;
}

/** A fault in a content file, told with the line it is on. */
export class ContentError extends Error {
  constructor(file: string, line: ContentLine | undefined, message: string) {
    super(
      `demo/content/${file}.txt${line === undefined ? '' : `, line ${line.number}`}: ${message}`,
    );
  }
}

/** Reads `content/<file>.txt` without the lines that begin with #. */
export function readContent(file: string): ContentLine[] {
  const text = readFileSync(new URL(`./content/${file}.txt`, import.meta.url), 'utf8');
  return text
    .split('\n')
    .map((line, index) => ({ number: index + 1, text: line.trimEnd() }))
    .filter((line) => !line.text.startsWith('#'));
}

const field = /^([a-z]+):\s*(.*)$/;

/** The `name: value` lines at the top of a file, and the lines after them. */
export class ContentHead {
  readonly rest: readonly ContentLine[];
  readonly #file: string;
  readonly #fields = new Map<string, ContentLine>();

  constructor(file: string, lines: readonly ContentLine[]) {
    this.#file = file;
    const first = lines.findIndex(({ text }) => text !== '');
    let next = Math.max(first, 0);
    for (; next < lines.length; next++) {
      const line = lines[next];
      const [, name, value] = field.exec(line?.text ?? '') ?? [];
      if (line === undefined || name === undefined || value === undefined) break;
      this.#fields.set(name, { number: line.number, text: value });
    }
    this.rest = lines.slice(next);
  }

  room(): DemoRoom {
    const people = this.#list('people').map(({ text, line }) => this.#person(text, line));
    const name = this.#fields.get('group')?.text ?? null;
    if (name === null && people.length !== 2) {
      throw new ContentError(this.#file, undefined, 'a direct conversation has two people');
    }
    const unread = this.numbers('unread');
    for (const person of unread.keys()) {
      if (!people.includes(person)) {
        throw new ContentError(this.#file, undefined, `${person} is not among the people`);
      }
    }
    return { key: this.#file, name, people, unread };
  }

  /** A field of people with a number each: `maya 3, omar 1`. Empty when absent. */
  numbers(name: string): Map<PersonId, number> {
    const numbers = new Map<PersonId, number>();
    for (const { text, line } of this.#list(name)) {
      const [who = '', count = ''] = text.split(' ');
      numbers.set(this.#person(who, line), Number.parseInt(count, 10));
    }
    return numbers;
  }

  #list(name: string): { readonly text: string; readonly line: ContentLine }[] {
    const line = this.#fields.get(name);
    if (line === undefined) return [];
    return line.text.split(/,\s*/).map((text) => ({ text, line }));
  }

  #person(text: string, line: ContentLine): PersonId {
    if (isPersonId(text)) return text;
    throw new ContentError(this.#file, line, `"${text}" is nobody of people.ts`);
  }
}
