import type { LivingNode } from './registry.ts';

/**
 * Whether this node's news goes by another Redis than that of the others; in words, else undefined.
 *
 * The oldest node says which one is right: so the wrong one stands out, and not all of them.
 */
export function busFault(living: readonly LivingNode[], id: string): string | undefined {
  const mine = living.find((node) => node.id === id)?.bus ?? null;
  const first = living.find((node) => node.bus !== null);
  if (mine === null || first === undefined || first.bus === mine) return undefined;
  return (
    `This node has another Redis than ${first.place}, on the same database: they hear late of each ` +
    'other’s messages. Give all nodes the same REDIS_URL.'
  );
}
