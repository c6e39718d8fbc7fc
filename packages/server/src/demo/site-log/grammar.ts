import { ContentError, ContentHead, type ContentLine, readContent } from '../content-file.ts';
import type { DemoRoom } from '../conversation.ts';
import { isPersonId, type PersonId } from '../people.ts';

/** What `content/site-log.txt` holds: the words and the small scenes that the log is made of. */
export interface Grammar {
  readonly room: DemoRoom;
  /** People who say nothing in so many last working days. */
  readonly quiet: ReadonlyMap<PersonId, number>;
  /** Where a count begins. */
  readonly counts: ReadonlyMap<string, number>;
  readonly sites: readonly Site[];
  /** By name; a list that differs by site has the name `name at Site`. */
  readonly lists: ReadonlyMap<string, readonly string[]>;
  readonly scenes: readonly Scene[];
}

/** A building site, and from how many weeks ago to how many it was one. */
export interface Site {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

export interface Scene {
  readonly title: string;
  /** How often it is chosen, against the others. */
  readonly weight: number;
  /** When it may begin, in minutes after midnight. */
  readonly begins: Span;
  /** The share of days, in per cent, that have it once, apart from what is chosen; 0 for most. */
  readonly daily: number;
  /** Only on this day of the week, as its English name. */
  readonly weekday: string | undefined;
  readonly site: string | undefined;
  /** Who may play a part, by the part's letter. */
  readonly parts: ReadonlyMap<string, readonly PersonId[]>;
  readonly lines: readonly SceneLine[];
}

export interface SceneLine {
  /** `after`: minutes since the line before. `next`: a time of the next working day. */
  readonly time: { readonly type: 'after' | 'next'; readonly span: Span };
  /** A part's letter, or who may say it. */
  readonly by: string | readonly PersonId[];
  /** The place in the scene of the line it answers. */
  readonly answers: number | null;
  readonly text: string;
}

export interface Span {
  readonly low: number;
  readonly high: number;
}

const file = 'site-log';
const clock = '(\\d+):(\\d\\d)-(\\d+):(\\d\\d)';
const forms = {
  count: /^count ([a-z]+) = (\d+)$/,
  site: /^site (.+), weeks (\d+) to (\d+)$/,
  list: /^list (.+)$/,
  scene: /^scene (.+?)(?: {2}x(\d+))?$/,
  begins: new RegExp(`^begins ${clock}$`),
  daily: /^every day (\d+)%$/,
  weekday: /^on ([A-Z][a-z]+day)$/,
  place: /^on site (.+)$/,
  part: /^([a-z]) = ([a-z|]+)$/,
  line: new RegExp(`^(?:\\+(\\d+)(?:-(\\d+))?|next ${clock}) ([a-z|]+)(?: >(\\d+))?: (.+)$`),
};

/** Reads the grammar of the log. Throws ContentError, naming the line, for what it cannot read. */
export function readGrammar(): Grammar {
  const head = new ContentHead(file, readContent(file));
  return new GrammarReader(head).read();
}

type Writable<Part> = { -readonly [K in keyof Part]: Part[K] };

/** A scene while it is read. */
interface SceneDraft extends Writable<Omit<Scene, 'parts' | 'lines'>> {
  readonly parts: Map<string, PersonId[]>;
  readonly lines: Writable<SceneLine>[];
}

class GrammarReader {
  readonly #head: ContentHead;
  readonly #counts = new Map<string, number>();
  readonly #sites: Site[] = [];
  readonly #lists = new Map<string, string[]>();
  readonly #scenes: Scene[] = [];
  #list: string[] | undefined;
  #scene: SceneDraft | undefined;

  constructor(head: ContentHead) {
    this.#head = head;
  }

  read(): Grammar {
    let gap = 0;
    for (const line of this.#head.rest) {
      if (line.text === '') {
        gap++;
      } else if (line.text.startsWith('  ')) {
        this.#indented(line, gap);
        gap = 0;
      } else {
        gap = 0;
        if (!this.#declares(line.text) && !this.#belongsToScene(line.text)) {
          throw new ContentError(file, line, 'this is neither a declaration nor part of a scene');
        }
      }
    }
    return {
      room: this.#head.room(),
      quiet: this.#head.numbers('quiet'),
      counts: this.#counts,
      sites: this.#sites,
      lists: this.#lists,
      scenes: this.#scenes,
    };
  }

  #indented(line: ContentLine, gap: number): void {
    const said = this.#scene?.lines.at(-1);
    if (this.#list !== undefined) this.#list.push(line.text.trim());
    else if (said !== undefined) said.text += '\n'.repeat(gap + 1) + line.text.slice(2);
    else throw new ContentError(file, line, 'an indented line belongs to a list or to a line');
  }

  #declares(text: string): boolean {
    const count = forms.count.exec(text);
    const site = forms.site.exec(text);
    const list = forms.list.exec(text);
    const scene = forms.scene.exec(text);
    if (count !== null) this.#counts.set(count[1] ?? '', Number(count[2]));
    else if (site !== null) {
      this.#sites.push({ name: site[1] ?? '', from: Number(site[2]), to: Number(site[3]) });
    } else if (list !== null) {
      this.#list = [];
      this.#lists.set(list[1] ?? '', this.#list);
    } else if (scene !== null) {
      this.#list = undefined;
      this.#scene = {
        title: scene[1] ?? '',
        weight: Number(scene[2] ?? 1),
        begins: { low: 8 * 60, high: 16 * 60 },
        daily: 0,
        weekday: undefined,
        site: undefined,
        parts: new Map(),
        lines: [],
      };
      this.#scenes.push(this.#scene);
    } else return false;
    return true;
  }

  #belongsToScene(text: string): boolean {
    const scene = this.#scene;
    const part = forms.part.exec(text);
    if (scene === undefined) return false;
    if (forms.begins.test(text)) scene.begins = clockSpan(forms.begins.exec(text), 1);
    else if (forms.daily.test(text)) scene.daily = Number(forms.daily.exec(text)?.[1]);
    else if (forms.weekday.test(text)) scene.weekday = forms.weekday.exec(text)?.[1];
    else if (forms.place.test(text)) scene.site = forms.place.exec(text)?.[1];
    else if (part !== null)
      scene.parts.set(part[1] ?? '', (part[2] ?? '').split('|').filter(isPersonId));
    else return this.#says(text);
    return true;
  }

  #says(text: string): boolean {
    const found = forms.line.exec(text);
    if (found === null || this.#scene === undefined) return false;
    const [, low, high] = found;
    const [who = '', answers, words = ''] = found.slice(7);
    this.#scene.lines.push({
      time:
        low === undefined
          ? { type: 'next', span: clockSpan(found, 3) }
          : { type: 'after', span: { low: Number(low), high: Number(high ?? low) } },
      by: who.length === 1 ? who : who.split('|').filter(isPersonId),
      answers: answers === undefined ? null : Number(answers) - 1,
      text: words,
    });
    return true;
  }
}

function clockSpan(found: RegExpExecArray | null, at: number): Span {
  const [fromHour, fromMinute, toHour, toMinute] = (found ?? []).slice(at, at + 4).map(Number);
  return {
    low: (fromHour ?? 0) * 60 + (fromMinute ?? 0),
    high: (toHour ?? 0) * 60 + (toMinute ?? 0),
  };
}
