import type { DatabaseAddress } from '../../db/address.ts';
import { Node } from '../node.ts';
import type { Hold } from '../node-lock.ts';

interface Logged {
  readonly level: 'info' | 'warn' | 'error';
  readonly text: string;
}

/** A node of a test, without the server on it: `await using node = await openTestNode(...)`. */
export interface TestNode extends AsyncDisposable {
  readonly node: Node;
  /** What watchers of its start were told. */
  readonly said: readonly string[];
  readonly logged: readonly Logged[];
  /** Resolves when it has lost the database to another one. */
  readonly lost: Promise<Error>;
}

export async function openTestNode(
  address: DatabaseAddress,
  hold: Hold,
  options: { readonly lockWaitMs?: number; readonly onSay?: (text: string) => void } = {},
): Promise<TestNode> {
  const said: string[] = [];
  const logged: Logged[] = [];
  const { promise: lost, resolve: lose } = Promise.withResolvers<Error>();
  const at = (level: Logged['level']) => (_about: object, text: string) => {
    logged.push({ level, text });
  };
  const { onSay = () => {}, ...rest } = options;
  const node = await Node.open({
    address,
    hold,
    version: '0.0.1',
    migrations: 1,
    beatMs: 200,
    say: (text) => {
      said.push(text);
      onSay(text);
    },
    log: { info: at('info'), warn: at('warn'), error: at('error') },
    onLost: lose,
    ...rest,
  });
  return { node, said, logged, lost, [Symbol.asyncDispose]: () => node.close() };
}
