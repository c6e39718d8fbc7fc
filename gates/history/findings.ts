/** In which way a history is not what was promised. */
export type FindingClass =
  /** Acknowledged, and not in the log. */
  | 'lost'
  /** One message twice, in the log or at a reader. */
  | 'duplicate'
  /** Stored or shown in another order than it must be. */
  | 'inversion'
  /** A number without a message, or a message that a reader was never shown. */
  | 'hole'
  /** Stored or shown, though nobody sent it there. */
  | 'phantom'
  /** Refused for good, and stored all the same. */
  | 'false-failure'
  /** Two nodes, readers or answers tell different things of one message. */
  | 'divergence'
  /** Sent, and never answered for, however often it was asked. */
  | 'unresolved'
  /** A mark was told lower than before. */
  | 'mark-went-back'
  /** Shown to somebody whose removal had been acknowledged. */
  | 'after-removal';

/** Something in a history that is not as promised. */
export interface Finding {
  readonly class: FindingClass;
  readonly what: string;
}

const toldOfEach = 20;
const worst: readonly FindingClass[] = ['lost', 'false-failure', 'phantom', 'duplicate'];

function rank({ class: name }: Finding): number {
  const index = worst.indexOf(name);
  return index === -1 ? worst.length : index;
}

/** Gathers what is found; of each class the first twenty are kept, all are counted. */
export class Findings {
  readonly kept: Finding[] = [];
  readonly counts = new Map<FindingClass, number>();

  add(name: FindingClass, what: string): void {
    const count = (this.counts.get(name) ?? 0) + 1;
    this.counts.set(name, count);
    if (count <= toldOfEach) this.kept.push({ class: name, what });
  }

  /** Those kept, what was lost before everything that follows from it. */
  worstFirst(): readonly Finding[] {
    return this.kept.toSorted((a, b) => rank(a) - rank(b));
  }

  /** How many there were in all. */
  get total(): number {
    let total = 0;
    for (const count of this.counts.values()) total += count;
    return total;
  }
}
