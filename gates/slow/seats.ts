import type { Installed } from '../kit/installation.ts';
import { RawWebSocket } from '../kit/raw-web-socket.ts';
import type { Tenant } from '../kit/tenant.ts';

/** They come this many at a time. */
const atOnce = 50;

/** Opens a socket for each of these people and says hello; what they are told goes to `onText`. */
export async function seat(
  { port }: Installed,
  tenant: Tenant,
  people: readonly string[],
  onText: (text: string, person: string) => void = () => {},
): Promise<RawWebSocket[]> {
  const sockets: RawWebSocket[] = [];
  const waiting = [...people];
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let person = waiting.pop(); person !== undefined; person = waiting.pop()) {
        const socket = await RawWebSocket.open(port);
        if (!(await socket.hello(tenant.token(person)))) throw new Error('hello was not answered');
        const who = person;
        socket.onText = (text) => onText(text, who);
        sockets.push(socket);
      }
    }),
  );
  return sockets;
}

/** How many sockets the server says it has. */
export async function countSockets({ call }: Installed): Promise<number> {
  const { text } = await call('GET', '/metrics');
  const told = /^parley_connections (\d+)$/m.exec(text)?.[1];
  // No number is no socket, to whoever compares.
  if (told === undefined) throw new Error('the server does not say how many sockets it has');
  return Number(told);
}

/** Resolves with true when the server says that it has cut a slow reader, with false when it takes longer. */
export async function untilCut({ call }: Installed, ms: number): Promise<boolean> {
  for (const until = performance.now() + ms; performance.now() < until; ) {
    const { text } = await call('GET', '/metrics');
    if (/^parley_closed_total\{reason="slowConsumer"\} [1-9]/m.test(text)) return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}

/** Resolves with true when so few are left, with false when it takes longer. */
export async function untilLeft(installed: Installed, count: number, ms: number): Promise<boolean> {
  const until = performance.now() + ms;
  while ((await countSockets(installed)) > count) {
    if (performance.now() > until) return false;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return true;
}

export function names(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, n) => `${name}${n}`);
}
