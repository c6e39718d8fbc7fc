/** Nearer to the end than this counts as being there. */
const endSlackPx = 40;

/** The row that must not move, and where it is; `lost` after a leap to where nothing is drawn yet. */
type Anchor = 'end' | 'lost' | { readonly row: string; readonly top: number };

/**
 * Keeps what one reads where it is, while rows come, go and change size around it.
 *
 * The scroller is a column in reverse: the browser itself counts from the end, so that what comes
 * above never moves anything and the end stays the end. `settle` covers the rest (what changes
 * below, another width, another height): it runs after every change of size and before the next
 * paint, and puts the first visible row back to the pixel.
 */
export class ScrollPlace {
  readonly #scroller: HTMLElement;
  #anchor: Anchor = 'end';

  constructor(scroller: HTMLElement) {
    this.#scroller = scroller;
  }

  get atEnd(): boolean {
    return this.#anchor === 'end';
  }

  /** Pixels from the end of what is shown to the end of the conversation. */
  get toEnd(): number {
    return Math.max(0, -this.#scroller.scrollTop);
  }

  /** Pixels that are above what is shown. */
  get toStart(): number {
    const { scrollHeight, clientHeight } = this.#scroller;
    return Math.max(0, scrollHeight - clientHeight - this.toEnd);
  }

  /** Call on every scroll: from now on this is the place to keep. */
  remember(): void {
    this.#anchor = this.toEnd <= endSlackPx ? 'end' : this.#firstVisible();
  }

  /** Call after every change of content or size, before it is painted. */
  settle(): void {
    if (this.#anchor === 'lost') this.remember();
    if (typeof this.#anchor === 'string') return;
    const row = this.#row(this.#anchor.row);
    if (!row) return;
    const moved = this.#topOf(row) - this.#anchor.top;
    if (Math.abs(moved) >= 0.5) this.#scroller.scrollTop += moved;
  }

  /** Shows a row this far below the upper edge, or the end when there is not that much below it. */
  showRow(key: string, top: number): void {
    const row = this.#row(key);
    if (!row) return;
    this.#scroller.scrollTop += this.#topOf(row) - top;
    this.remember();
  }

  /** Goes to the end: gliding when it is near, else at once. */
  showEnd(glide: boolean): void {
    const near = this.toEnd < this.#scroller.clientHeight * 2;
    if (!(glide && near)) this.#anchor = 'end';
    this.#scroller.scrollTo({ top: 0, behavior: glide && near ? 'smooth' : 'instant' });
  }

  #row(key: string): HTMLElement | null {
    return this.#scroller.querySelector<HTMLElement>(`[data-row="${CSS.escape(key)}"]`);
  }

  // A row is held by its bubble: the name above it may go when earlier rows come.
  #topOf(row: HTMLElement): number {
    const held = row.querySelector('.message-line') ?? row;
    return held.getBoundingClientRect().top - this.#scroller.getBoundingClientRect().top;
  }

  /** The first row that begins within the view; where none does, the one that fills it. */
  #firstVisible(): Anchor {
    const rows = this.#scroller.querySelectorAll<HTMLElement>('[data-row]');
    const edge = this.#scroller.getBoundingClientRect().top;
    let low = 0;
    let high = rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (rows.item(middle).getBoundingClientRect().bottom <= edge) low = middle + 1;
      else high = middle;
    }
    return (
      this.#anchorAt(rows, low + 1, 0) ??
      this.#anchorAt(rows, low, Number.NEGATIVE_INFINITY) ??
      'lost'
    );
  }

  #anchorAt(rows: NodeListOf<HTMLElement>, index: number, least: number): Anchor | null {
    const row = rows[index];
    const key = row?.dataset['row'];
    if (!row || key === undefined) return null;
    const top = this.#topOf(row);
    return top >= least && top < this.#scroller.clientHeight ? { row: key, top } : null;
  }
}
