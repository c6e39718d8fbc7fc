import { accessTopic } from '@parley/protocol';
import type { Bus } from '../bus/bus.ts';
import type { SigningKeys } from './signing-keys.ts';

interface EndKeys {
  readonly tenant: string;
  readonly keys: SigningKeys;
  readonly bus: Bus;
}

/**
 * Ends what was let in by keys that are gone: to be called after the commit.
 *
 * On this node no such token verifies any more, and the connections are closed, when this returns.
 */
export function endKeys({ tenant, keys, bus }: EndKeys, kids: readonly string[]): void {
  for (const kid of kids) keys.forget(tenant, kid);
  if (kids.length === 0) return;
  bus.publish(
    accessTopic(tenant),
    kids.map((kid) => ({ type: 'access', ended: { reason: 'key', kid } })),
  );
}
