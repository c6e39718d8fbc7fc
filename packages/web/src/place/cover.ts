interface Cover {
  readonly close: () => void;
}

/** What covers the page and has an entry of its own in the history, the topmost last. */
const covers: Cover[] = [];
/** Steps back that were asked for here and have not happened yet: the browser takes its time. */
let steppingBack = 0;
let afterwards: (() => void) | null = null;

/**
 * Makes the browser's Back close what covers the page, such as a dialog.
 *
 * Call the returned function when it is closed, however that came.
 */
export function coverPlace(close: () => void): () => void {
  const cover = { close };
  covers.push(cover);
  history.pushState(history.state, '');
  return () => {
    const at = covers.indexOf(cover);
    if (at < 0) return;
    covers.splice(at, 1);
    stepBack(1);
  };
}

/** Goes somewhere, once the history has no entry of a cover on top. */
export function whenUncovered(leave: () => void): void {
  if (covers.length > 0) stepBack(covers.splice(0).length);
  if (steppingBack > 0) afterwards = leave;
  else leave();
}

/** Call when the history went back or forth: closes what Back was meant for. */
export function uncovered(): void {
  if (steppingBack === 0) {
    covers.pop()?.close();
    return;
  }
  steppingBack -= 1;
  if (steppingBack > 0) return;
  const leave = afterwards;
  afterwards = null;
  leave?.();
}

function stepBack(entries: number): void {
  steppingBack += 1;
  history.go(-entries);
}
