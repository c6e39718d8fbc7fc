import { accessTopic } from '@parley/protocol';
import type { Bus } from '../bus/bus.ts';
import type { SigningKey, SigningKeys } from './signing-keys.ts';

/** Which key is gone. */
export type EndedKey = Pick<SigningKey, 'kid' | 'registration'>;

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
export function endKeys({ tenant, keys, bus }: EndKeys, ended: readonly EndedKey[]): void {
  for (const { kid } of ended) keys.forget(tenant, kid);
  if (ended.length === 0) return;
  bus.publish(
    accessTopic(tenant),
    ended.map(({ registration }) => ({ type: 'access', ended: { reason: 'key', registration } })),
  );
}
