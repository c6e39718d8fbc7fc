import type { Rate } from './rates.ts';
import { SlidingWindow } from './sliding-window.ts';

/** Somebody who waits until other nodes have been asked; called with 0, or the milliseconds to wait. */
export type Asker = (waitMs: number) => void;

/** What this node let through of one key, and what it knows of the other nodes. */
export class SharedWindow extends SlidingWindow {
  /** Names it among all counts of all nodes. */
  readonly name: string;
  /** Uses that the ledger has not heard of, and those of which it is being told. */
  unreported = 0;
  reporting = 0;
  askers: Asker[] = [];
  /** What was last allowed. */
  rate: Rate = { allowed: 0, windowMs: 0 };
  /** Until then nothing more is let through anywhere. */
  fullUntil = 0;
  /** Since when the ledger does not answer; until when it is not asked again. */
  aloneSince: number | undefined;
  aloneUntil = 0;
  /** The ledger is being asked. */
  isAsking = false;

  constructor(name: string) {
    super();
    this.name = name;
  }
}
