import { type Profiler, Session } from 'node:inspector';

/** Counted by V8: which blocks of some modules have run, ever and just now. */
export class Coverage {
  readonly #session = new Session();
  readonly #wanted: RegExp;
  /** For each function, the places where one of its blocks begins, and whether that has run. */
  readonly #functions = new Map<string, Map<number, boolean>>();

  /** `wanted` says whose code counts, by its address. Only what is loaded later is counted whole. */
  constructor(wanted: RegExp) {
    this.#wanted = wanted;
    this.#session.connect();
    this.#post('Profiler.enable');
    this.#post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** How many blocks have run so far. */
  get blocks(): number {
    let count = 0;
    for (const places of this.#functions.values()) {
      for (const ran of places.values()) if (ran) count++;
    }
    return count;
  }

  /** The blocks that ran for the first time since the last look. */
  take(): string[] {
    const fresh: string[] = [];
    this.#look((places, name, ranges) => {
      for (const { startOffset } of ranges) {
        if (!places.has(startOffset)) places.set(startOffset, false);
      }
      for (const [place, ran] of places) {
        if (ran || !hasRun(ranges, place)) continue;
        places.set(place, true);
        fresh.push(`${name} ${place}`);
      }
    });
    return fresh;
  }

  /** Which of these blocks ran since the last look. */
  among(blocks: ReadonlySet<string>): string[] {
    const found: string[] = [];
    this.#look((places, name, ranges) => {
      for (const place of places.keys()) {
        const block = `${name} ${place}`;
        if (blocks.has(block) && hasRun(ranges, place)) found.push(block);
      }
    });
    return found;
  }

  /** Ends counting. */
  close(): void {
    this.#post('Profiler.stopPreciseCoverage');
    this.#session.disconnect();
  }

  #look(
    see: (
      places: Map<number, boolean>,
      name: string,
      ranges: readonly Profiler.CoverageRange[],
    ) => void,
  ): void {
    for (const { scriptId, url, functions } of this.#read()) {
      if (!this.#wanted.test(url)) continue;
      for (const { functionName, ranges } of functions) {
        const name = `${scriptId} ${functionName} ${ranges[0]?.startOffset}`;
        let places = this.#functions.get(name);
        if (places === undefined) {
          places = new Map();
          this.#functions.set(name, places);
        }
        see(places, name, ranges);
      }
    }
  }

  #read(): Profiler.ScriptCoverage[] {
    let scripts: Profiler.ScriptCoverage[] = [];
    // Answered before the call returns, since the session is of our own thread.
    this.#session.post('Profiler.takePreciseCoverage', (error, answer) => {
      if (error !== null) throw error;
      scripts = answer.result;
    });
    return scripts;
  }

  #post(method: string, params: object = {}): void {
    this.#session.post(method, params, (error) => {
      if (error !== null) throw error;
    });
  }
}

/** The innermost range around a place says whether it ran: outer ones stand first. */
function hasRun(ranges: readonly Profiler.CoverageRange[], place: number): boolean {
  let count = 0;
  for (const range of ranges) {
    if (range.startOffset <= place && place < range.endOffset) count = range.count;
  }
  return count > 0;
}
