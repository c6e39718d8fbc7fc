import type { Tenant } from '../kit/tenant.ts';
import type { History } from './history.ts';

/** What publishers and readers work on: any server, cluster or proxy before one. */
export interface Talk {
  readonly history: History;
  readonly tenant: Pick<Tenant, 'token'>;
  /** Sockets' addresses; the next connection goes to any of them. */
  readonly sockets: readonly string[];
  /** From 0, below 1. */
  readonly random: () => number;
}

/** Any of these. */
export function pickFrom<T>(items: readonly [T, ...T[]] | readonly T[], random: () => number): T {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new RangeError('nothing to pick from');
  return item;
}

/** Resolves after so many milliseconds. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
