/** How far around the view blocks are drawn, in heights of the view, and how far they stay drawn. */
const drawnAround = 1.5;
const keptAround = 2.5;

/**
 * Decides which blocks of a long conversation are drawn; the others are an empty space of their
 * last height.
 *
 * A block that was never drawn has no height yet, so it is always drawn once.
 */
export class AwakeBlocks {
  readonly #heights = new Map<string, number>();
  #awake: ReadonlySet<string> = new Set();

  /** The height to leave free for a block that is not drawn, or null when it is to be drawn. */
  heightOf(key: string): number | null {
    return this.#awake.has(key) ? null : (this.#heights.get(key) ?? null);
  }

  /** Measures what is drawn and looks around the view; tells whether another set is to be drawn. */
  survey(scroller: HTMLElement): boolean {
    const view = scroller.getBoundingClientRect();
    const blocks = [...scroller.querySelectorAll<HTMLElement>('[data-block]')];
    const near = (around: number) =>
      this.#keysBetween(
        blocks,
        view.top - view.height * around,
        view.bottom + view.height * around,
      );
    const drawn = near(drawnAround);
    const kept = near(keptAround);
    const next = new Set([...drawn, ...[...kept].filter((key) => this.#awake.has(key))]);

    let changed = false;
    for (const block of blocks) {
      const key = block.dataset['block'] ?? '';
      if (block.dataset['asleep'] !== undefined) {
        changed ||= next.has(key);
      } else {
        this.#heights.set(key, block.getBoundingClientRect().height);
        changed ||= !next.has(key);
      }
    }
    this.#awake = next;
    return changed;
  }

  #keysBetween(blocks: readonly HTMLElement[], top: number, bottom: number): Set<string> {
    let low = 0;
    let high = blocks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((blocks[middle]?.getBoundingClientRect().bottom ?? 0) < top) low = middle + 1;
      else high = middle;
    }
    const keys = new Set<string>();
    for (const block of blocks.slice(low)) {
      if (block.getBoundingClientRect().top > bottom) break;
      keys.add(block.dataset['block'] ?? '');
    }
    return keys;
  }
}
