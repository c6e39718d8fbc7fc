/** What the parts of this gate count together. */
export interface Totals {
  found: number;
  /** How often somebody was away and came back. */
  cuts: number;
}
