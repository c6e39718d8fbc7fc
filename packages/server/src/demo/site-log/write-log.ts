import { timeOfDay, weekdayOf, weekdays } from '../calendar.ts';
import type { DemoConversation, DemoMessage } from '../conversation.ts';
import type { PersonId } from '../people.ts';
import { SeededRandom } from '../seeded-random.ts';
import type { Grammar, Scene, SceneLine } from './grammar.ts';
import { type LogMemory, type SceneDay, Wording } from './wording.ts';

const weeks = 16;
const friday = 4;
// A scene does not come again before so many others have been played.
const restScenes = 14;
// Longer texts do not come again within so many scenes.
const restTexts = 500;

/** A day of the log: `days` from today, 0 or less. */
interface Day extends SceneDay {
  readonly days: number;
  /** Working days from this one to today. */
  readonly workdaysLeft: number;
  readonly weeksAgo: number;
}

type Draft = Omit<DemoMessage, 'replyTo'> & { readonly answers: Draft | null };

/**
 * Writes the busiest conversation: some thousands of messages up to `now`.
 *
 * Nothing in it is left to chance: the same day of the week gives the same log.
 */
export function writeSiteLog(grammar: Grammar, now: number): DemoConversation {
  const drafts = new LogWriter(grammar, now).write().filter(({ at }) => at < now - 60_000);
  drafts.sort((one, other) => one.at - other.at);
  const places = new Map(drafts.map((draft, place) => [draft, place]));
  let last = 0;
  const messages = drafts.map(({ at, answers, ...message }) => {
    // Two that fall on one second come one after the other.
    last = Math.max(at, last + 1_000);
    const replyTo = answers === null ? null : (places.get(answers) ?? null);
    return { ...message, at: last, replyTo };
  });
  return { ...grammar.room, messages };
}

class LogWriter {
  readonly #memory: LogMemory;
  readonly #now: number;
  readonly #random = new SeededRandom('site log');
  readonly #drafts: Draft[] = [];
  readonly #recentScenes: Scene[] = [];
  readonly #recentTexts: string[] = [];

  constructor(grammar: Grammar, now: number) {
    this.#memory = {
      grammar,
      random: this.#random,
      counts: new Map(grammar.counts),
      recent: [],
    };
    this.#now = now;
  }

  write(): Draft[] {
    const today = weekdayOf(this.#now);
    const days: number[] = [];
    for (let back = today + weeks * 7; back >= 0; back--) {
      if ((((today - back) % 7) + 7) % 7 <= friday) days.push(-back);
    }
    for (const [index, day] of days.entries()) this.#writeDay(days, index, day);
    return this.#drafts;
  }

  #writeDay(days: readonly number[], index: number, daysFromToday: number): void {
    const weekday = weekdayOf(timeOfDay(this.#now, daysFromToday, 12 * 60));
    const today = weekdayOf(this.#now);
    const day: Day = {
      days: daysFromToday,
      workdaysLeft: days.length - 1 - index,
      weeksAgo: Math.round((weekday - today - daysFromToday) / 7),
      weekday: weekdays[weekday] ?? '',
      tomorrow: weekdays[weekday >= friday ? 0 : weekday + 1] ?? '',
      progress: index / days.length,
      chosen: new Map(),
    };
    // In the order of the day, so that what is counted ascends.
    const begun = this.#scenesOf(day).map((scene) => ({
      scene,
      minute: this.#random.between(scene.begins.low, scene.begins.high),
    }));
    begun.sort((one, other) => one.minute - other.minute);
    for (const { scene, minute } of begun) this.#play(scene, day, minute);
  }

  #scenesOf(day: Day): Scene[] {
    const { scenes } = this.#memory.grammar;
    const chosen = scenes.filter((scene) => scene.daily > this.#random.next() * 100);
    // Fewer on Fridays.
    const more = this.#random.between(10, day.weekday === 'Friday' ? 12 : 15);
    for (let n = 0; n < more; n++) {
      const scene = this.#choose(day);
      chosen.push(scene);
      this.#recentScenes.push(scene);
      if (this.#recentScenes.length > restScenes) this.#recentScenes.shift();
    }
    return chosen;
  }

  #choose(day: Day): Scene {
    const possible = this.#memory.grammar.scenes.filter(
      (scene) =>
        !this.#recentScenes.includes(scene) &&
        (scene.weekday ?? day.weekday) === day.weekday &&
        (scene.site === undefined || this.#sitesOf(day).includes(scene.site)) &&
        scene.lines.every((line) => this.#speakers(scene, line, day).length > 0),
    );
    return this.#random.pick(possible.flatMap((scene) => Array<Scene>(scene.weight).fill(scene)));
  }

  #sitesOf(day: Day): string[] {
    return this.#memory.grammar.sites
      .filter((site) => site.from >= day.weeksAgo && day.weeksAgo >= site.to)
      .map((site) => site.name);
  }

  #speakers(scene: Scene, line: SceneLine, day: Day): PersonId[] {
    const people = typeof line.by === 'string' ? (scene.parts.get(line.by) ?? []) : line.by;
    const { quiet } = this.#memory.grammar;
    return people.filter((person) => (quiet.get(person) ?? 0) <= day.workdaysLeft);
  }

  #play(scene: Scene, day: Day, minute: number): void {
    const site = scene.site ?? this.#random.pick(this.#sitesOf(day));
    const cast = this.#cast(scene, day);
    let texts: string[] = [];
    for (let attempt = 0; attempt < 8; attempt++) {
      const wording = new Wording(this.#memory, day, site);
      texts = scene.lines.map((line) => wording.say(line.text));
      if (!texts.some((text) => text.length > 30 && this.#recentTexts.includes(text))) break;
    }
    this.#recentTexts.push(...texts);
    this.#recentTexts.splice(0, this.#recentTexts.length - restTexts);
    const drafts: Draft[] = [];
    let at = timeOfDay(this.#now, day.days, minute);
    for (const [index, line] of scene.lines.entries()) {
      at = this.#timeOf(line, at, day);
      drafts.push({
        at,
        from: cast[index] ?? 'omar',
        text: texts[index] ?? '',
        answers: line.answers === null ? null : (drafts[line.answers] ?? null),
      });
    }
    this.#drafts.push(...drafts);
  }

  #timeOf(line: SceneLine, before: number, day: Day): number {
    const minutes = this.#random.between(line.time.span.low, line.time.span.high);
    const seconds = this.#random.between(3, 55);
    if (line.time.type === 'after') return before + minutes * 60_000 + seconds * 1_000;
    const days = day.days + (day.tomorrow === 'Monday' ? 3 : 1);
    return timeOfDay(this.#now, days, minutes) + seconds * 1_000;
  }

  /** Who says each line: a part is played by one person, and nobody answers themselves. */
  #cast(scene: Scene, day: Day): PersonId[] {
    const parts = new Map<string, PersonId>();
    const cast: PersonId[] = [];
    for (const line of scene.lines) {
      const before = cast.at(-1);
      const known = typeof line.by === 'string' ? parts.get(line.by) : undefined;
      const possible = this.#speakers(scene, line, day);
      const others = possible.filter((person) => person !== before);
      const person = known ?? this.#random.pick(others.length > 0 ? others : possible);
      if (typeof line.by === 'string') parts.set(line.by, person);
      cast.push(person);
    }
    return cast;
  }
}
