import type { SeededRandom } from '../seeded-random.ts';
import type { Grammar } from './grammar.ts';

/** What the log as a whole remembers while it is being written. */
export interface LogMemory {
  readonly grammar: Grammar;
  readonly random: SeededRandom;
  /** The counts as they stand. */
  readonly counts: Map<string, number>;
  /** What was chosen for the last days as a whole. */
  readonly recent: string[];
}

/** The day on which a scene plays. */
export interface SceneDay {
  readonly weekday: string;
  readonly tomorrow: string;
  /** 0 at the log's beginning, 1 now. */
  readonly progress: number;
  /** What was chosen for the day as a whole. */
  readonly chosen: Map<string, string>;
}

const slot =
  /^(?:(#)?(?:(day):)?([A-Za-z]+)(?:\/(\d))?(?:\.(short|from))?|(?:([a-z])=)?(\d+(?:\.\d)?)([-~])(\d+(?:\.\d)?))$/;

/** Words one scene: the same slot gives the same words in each of its lines. */
export class Wording {
  readonly #memory: LogMemory;
  readonly #day: SceneDay;
  readonly #site: string;
  readonly #chosen = new Map<string, string>();

  constructor(memory: LogMemory, day: SceneDay, site: string) {
    this.#memory = memory;
    this.#day = day;
    this.#site = site;
  }

  /** A line's text, with its slots and alternatives chosen. */
  say(pattern: string): string {
    return tidy(this.#fill(pattern));
  }

  #fill(pattern: string): string {
    let filled = '';
    for (let at = 0; at < pattern.length; ) {
      const opening = pattern[at];
      if (opening !== '[' && opening !== '{') {
        filled += opening;
        at++;
        continue;
      }
      const end = closing(pattern, at);
      const inside = pattern.slice(at + 1, end);
      filled += opening === '{' ? this.#slot(inside) : this.#fill(this.#one(alternatives(inside)));
      at = end + 1;
    }
    return filled;
  }

  #one(choices: readonly string[]): string {
    return this.#memory.random.pick(choices);
  }

  #slot(inside: string): string {
    const found = slot.exec(inside);
    if (found === null)
      throw new Error(`The site log has a slot that it cannot read: {${inside}}.`);
    const [, counted, ofDay, name, , part, letter, low, form, high] = found;
    if (name === undefined) return this.#number(letter, low ?? '', form ?? '-', high ?? '');
    if (counted !== undefined) return this.#remembered(inside, () => this.#count(name));
    if (name.length === 1) return this.#chosen.get(name) ?? '';
    const words = this.#words(inside, name.toLowerCase(), ofDay !== undefined);
    const [whole = '', short = whole, from = ''] = words.split(' => ');
    const chosen = part === 'from' ? from : part === 'short' ? short : whole;
    return name[0] === name[0]?.toLowerCase() ? chosen : capital(chosen);
  }

  #words(inside: string, name: string, ofDay: boolean): string {
    if (name === 'site') return this.#site;
    if (name === 'weekday') return this.#day.weekday;
    if (name === 'tomorrow') return this.#day.tomorrow;
    const { lists } = this.#memory.grammar;
    const list = lists.get(`${name} at ${this.#site}`) ?? lists.get(name);
    if (list === undefined) throw new Error(`The site log has no list named ${name}.`);
    const key = inside.toLowerCase().replace(/\..*/, '');
    if (ofDay) return remembered(this.#day.chosen, key, () => this.#ofDay(list));
    return this.#remembered(key, () => {
      // Another entry than those that this scene has chosen already.
      const taken = `${name} taken `;
      const free = list.filter((entry) => !this.#chosen.has(taken + entry));
      const entry = this.#one(free.length === 0 ? list : free);
      this.#chosen.set(taken + entry, entry);
      return this.#fill(entry);
    });
  }

  #ofDay(list: readonly string[]): string {
    const { recent } = this.#memory;
    const entry = this.#one(list.filter((one) => !recent.includes(one)));
    recent.push(entry);
    if (recent.length > 4) recent.shift();
    return this.#fill(entry);
  }

  #number(letter: string | undefined, low: string, form: string, high: string): string {
    const { random } = this.#memory;
    const scale = low.includes('.') || high.includes('.') ? 10 : 1;
    const from = Math.round(Number(low) * scale);
    const to = Math.round(Number(high) * scale);
    const drifted = from + (to - from) * this.#day.progress + (random.next() - 0.5) * 0.5 * scale;
    const value = form === '~' ? Math.round(drifted) : random.between(from, to);
    const text = scale === 1 ? String(value) : (value / scale).toFixed(1);
    if (letter !== undefined) this.#chosen.set(letter, text);
    return text;
  }

  #count(name: string): string {
    const { counts, random } = this.#memory;
    const next = (counts.get(name) ?? 0) + random.between(1, name === 'snag' ? 1 : 9);
    counts.set(name, next);
    return String(next);
  }

  #remembered(key: string, choose: () => string): string {
    return remembered(this.#chosen, key, choose);
  }
}

function remembered(chosen: Map<string, string>, key: string, choose: () => string): string {
  let words = chosen.get(key);
  if (words === undefined) {
    words = choose();
    chosen.set(key, words);
  }
  return words;
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

function closing(pattern: string, opening: number): number {
  let depth = 0;
  for (let at = opening; at < pattern.length; at++) {
    if (pattern[at] === '[' || pattern[at] === '{') depth++;
    if (pattern[at] === ']' || pattern[at] === '}') depth--;
    if (depth === 0) return at;
  }
  throw new Error(`The site log has a bracket that does not close: ${pattern}`);
}

function alternatives(inside: string): string[] {
  const choices: string[] = [''];
  let depth = 0;
  for (const letter of inside) {
    if (letter === '[' || letter === '{') depth++;
    if (letter === ']' || letter === '}') depth--;
    if (letter === '|' && depth === 0) choices.push('');
    else choices.push((choices.pop() ?? '') + letter);
  }
  return choices;
}

/** Removes what an empty alternative leaves behind: double spaces, doubled full stops. */
function tidy(text: string): string {
  return text
    .split('\n')
    .map((line) =>
      line
        .replace(/ {2,}/g, ' ')
        .replace(/([!?…])\./g, '$1')
        .trimEnd(),
    )
    .join('\n')
    .trim();
}
