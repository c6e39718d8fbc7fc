/** Where the launcher tells what it does: a `pino` logger fits. */
export interface Log {
  info(text: string): void;
  warn(text: string): void;
}

/** What a person waiting at a terminal should see: one line per call. */
export type Progress = (text: string) => void;

/** Says what is being done once it takes longer than a moment, and that it goes on. */
export async function withProgress<Result>(
  progress: Progress,
  text: string,
  work: Promise<Result>,
): Promise<Result> {
  const started = performance.now();
  const first = setTimeout(() => progress(`${text} ...`), 700);
  const again = setInterval(() => {
    progress(
      `${text}: still at it after ${Math.round((performance.now() - started) / 1000)} s ...`,
    );
  }, 5_000);
  try {
    return await work;
  } finally {
    clearTimeout(first);
    clearInterval(again);
  }
}
