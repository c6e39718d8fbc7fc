import type { Progress, ProgressState } from '../backup/progress.ts';

interface ProgressLine {
  readonly show: Progress;
  /** Takes the line away, so that something else can be written. */
  clear(): void;
}

const everyMs = 100;
/** Erases what stands in the line. */
const erase = '\r\u001b[K';

/** Shows how far it has come in one line of a terminal; elsewhere nothing. */
export function openProgress(out: NodeJS.WriteStream): ProgressLine {
  if (!out.isTTY) return { show: () => {}, clear: () => {} };
  let shownAt = 0;
  let isShown = false;
  return {
    show(state) {
      const now = performance.now();
      if (now - shownAt < everyMs) return;
      [shownAt, isShown] = [now, true];
      out.write(`${erase}${inWords(state)}`);
    },
    clear() {
      if (isShown) out.write(erase);
      isShown = false;
    },
  };
}

function inWords({ doing, table, bytes }: ProgressState): string {
  const size = bytes === undefined ? '' : ` ${(bytes / 1_000_000).toFixed(1)} MB`;
  return `${doing}${table === undefined ? '' : ` ${table}`}${size}`;
}
