import { existsSync, globSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A process's own idea of the time, which can be moved while it runs: libfaketime. */
export class FakeClock implements AsyncDisposable {
  readonly #folder: string;
  /** How a process starts that goes by this clock; its monotonic clock stays true. */
  readonly env: Readonly<Record<string, string>>;

  private constructor(folder: string, library: string) {
    this.#folder = folder;
    this.env = {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: join(folder, 'clock'),
      FAKETIME_CACHE_DURATION: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    };
  }

  /** `shift`: as libfaketime has it, such as `+10y`, `-10y`, `+0`. */
  static async set(shift: string): Promise<FakeClock> {
    const library = findLibrary();
    const folder = await mkdtemp(join(tmpdir(), 'parley-clock-'));
    const clock = new FakeClock(folder, library);
    await clock.move(shift);
    return clock;
  }

  /** For a process all of whose clocks run at this speed, the one for timers too. */
  static drifting(speed: number): Readonly<Record<string, string>> {
    return { LD_PRELOAD: findLibrary(), FAKETIME: `+0 x${speed}` };
  }

  /** A step of the wall clock; the process notices within a second. */
  async move(shift: string): Promise<void> {
    await writeFile(join(this.#folder, 'clock'), shift);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function findLibrary(): string {
  const given = process.env['FAKETIME_LIBRARY'];
  const found =
    given ??
    globSync('/usr/lib/*/faketime/libfaketimeMT.so.1').find((path) => existsSync(path)) ??
    '';
  if (existsSync(found)) return found;
  throw new Error(
    'libfaketime is not here. On Debian: apt-get install faketime; else put the path of ' +
      'libfaketimeMT.so.1 into FAKETIME_LIBRARY.',
  );
}
