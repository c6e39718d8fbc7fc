import { type Moment, timeOf } from './calendar.ts';
import { ContentError, ContentHead, type ContentLine, readContent } from './content-file.ts';
import type { DemoConversation, DemoMessage, DemoRoom } from './conversation.ts';
import { isPersonId, type PersonId } from './people.ts';

/** A conversation as its file tells it, without dates. */
export interface Transcript {
  readonly room: DemoRoom;
  readonly entries: readonly Entry[];
}

interface Entry {
  readonly when: Moment;
  readonly from: PersonId;
  readonly text: string;
  readonly replyTo: number | null;
}

const day = /^== (?:w(\d+) (mon|tue|wed|thu|fri|sat|sun)|([1-5])d|(now))$/;
const said = /^(?:(\d\d):(\d\d)|-(\d+)m) ([a-z]+)(?: #([a-z]+))?(?: >([a-z]+))?: (.+)$/;
const weekdayNames = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

/**
 * Reads a written conversation.
 *
 * After `group: its name` or `direct:`, and `people:`, come days: `== w5 tue` is the Tuesday of five
 * weeks ago (2 or more, so that nothing written by weekday can fall among the last days), `== 3d` the third
 * working day before today, `== now` the last hours. A message is `09:12 maya: text`, under `now`
 * `-42m maya: text`; further lines of it are indented by two spaces. `maya #plan:` names a message,
 * `omar >plan:` answers it.
 */
export function readTranscript(file: string): Transcript {
  return readTranscriptOf(file, new ContentHead(file, readContent(file)));
}

/** The same of lines that have been read; `file` is for complaints. */
export function readTranscriptOf(file: string, head: ContentHead): Transcript {
  const room = head.room();
  return { room, entries: new TranscriptReader(file, room).read(head.rest) };
}

class TranscriptReader {
  readonly #file: string;
  readonly #room: DemoRoom;
  readonly #entries: Entry[] = [];
  readonly #named = new Map<string, number>();
  #day: ((minute: number) => Moment) | undefined;

  constructor(file: string, room: DemoRoom) {
    this.#file = file;
    this.#room = room;
  }

  read(lines: readonly ContentLine[]): Entry[] {
    let gap = 0;
    for (const line of lines) {
      if (line.text === '') {
        gap++;
      } else if (line.text.startsWith('  ')) {
        this.#goOn('\n'.repeat(gap + 1) + line.text.slice(2), line);
        gap = 0;
      } else {
        gap = 0;
        if (!this.#turnPage(line)) this.#say(line);
      }
    }
    return this.#entries;
  }

  #turnPage(line: ContentLine): boolean {
    const found = day.exec(line.text);
    if (found === null) return false;
    const [, week, name = '', workdays] = found;
    if (week !== undefined) {
      const weeks = Number(week);
      if (weeks < 2) throw this.#fault(line, 'days by name are at least two weeks ago');
      const weekday = weekdayNames.indexOf(name);
      this.#day = (minute) => ({ type: 'week', weeks, weekday, minute });
    } else if (workdays !== undefined) {
      this.#day = (minute) => ({ type: 'workday', days: Number(workdays), minute });
    } else {
      this.#day = undefined;
    }
    return true;
  }

  #say(line: ContentLine): void {
    const [, hours, minutes, ago, from = '', name, answered, text = ''] =
      said.exec(line.text) ?? [];
    if (!isPersonId(from) || !this.#room.people.includes(from)) {
      throw this.#fault(line, 'expected "09:12 maya: text" by one of its people');
    }
    let replyTo: number | null = null;
    if (answered !== undefined) {
      replyTo = this.#named.get(answered) ?? null;
      if (replyTo === null) throw this.#fault(line, `no message was named #${answered}`);
    }
    if (name !== undefined) this.#named.set(name, this.#entries.length);
    const when = this.#moment(line, ago, Number(hours) * 60 + Number(minutes));
    this.#entries.push({ when, from, text, replyTo });
  }

  #moment(line: ContentLine, ago: string | undefined, minute: number): Moment {
    if (ago !== undefined && this.#day === undefined) return { type: 'ago', minutes: Number(ago) };
    if (ago !== undefined || this.#day === undefined) {
      throw this.#fault(line, 'minutes ago stand under "== now", clock times under a day');
    }
    return this.#day(minute);
  }

  #goOn(text: string, line: ContentLine): void {
    const last = this.#entries.pop();
    if (last === undefined) throw this.#fault(line, 'an indented line belongs to a message');
    this.#entries.push({ ...last, text: last.text + text });
  }

  #fault(line: ContentLine, message: string): ContentError {
    return new ContentError(this.#file, line, message);
  }
}

/** Gives a transcript its dates. */
export function datedConversation({ room, entries }: Transcript, now: number): DemoConversation {
  const messages: DemoMessage[] = entries.map(({ when, from, text, replyTo }) => ({
    at: timeOf(when, now),
    from,
    text,
    replyTo,
  }));
  return { ...room, messages: spaced(messages, now) };
}

// Between two messages of one minute: nobody types two in the same second.
const leastGap = 4_000;

/**
 * The same messages, each some seconds before the next.
 *
 * Late at night, "200 minutes ago" may come before what is written for yesterday evening: then
 * the earlier ones move back a little.
 */
function spaced(messages: readonly DemoMessage[], now: number): DemoMessage[] {
  let next = now;
  return messages
    .toReversed()
    .map((message, index) => {
      const gap = leastGap + ((index * 7_919) % 11) * 1_000;
      next = Math.min(message.at + ((index * 6_547) % 40) * 1_000, next - gap);
      return { ...message, at: next };
    })
    .toReversed();
}
