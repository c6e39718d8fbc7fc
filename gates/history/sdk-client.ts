import { createClient } from '../../packages/client/src/create-client.ts';
import { type Environment, systemEnvironment } from '../../packages/client/src/environment.ts';
import type { Client } from '../../packages/client/src/index.ts';
import type { Transport } from '../../packages/client/src/transport/transport.ts';
import { pickFrom, type Talk } from './talk.ts';

/** The real SDK, and a hand on its lines. */
export interface SdkClient {
  readonly client: Client;
  /** Cuts the line without a word; the SDK comes back by itself. */
  cut(): void;
}

/**
 * Makes the real SDK of a person, in Node, on the platform's WebSocket.
 *
 * Each line goes to another of the talk's addresses, as through a balancer. Pauses between tries are
 * shorter than for people: a run has many cuts.
 */
export function sdkClient(
  talk: Pick<Talk, 'tenant' | 'sockets' | 'random'>,
  user: string,
): SdkClient {
  const cuts = new Set<() => void>();
  const system = systemEnvironment();
  const environment: Environment = {
    ...system,
    random: () => talk.random() * 0.2,
    connect: (_, events) => {
      let alive = true;
      const transport: Transport = system.connect(pickFrom(talk.sockets, talk.random), {
        opened: () => alive && events.opened(),
        frame: (frame) => alive && events.frame(frame),
        closed: (code, reason) => {
          cuts.delete(cut);
          if (alive) events.closed(code, reason);
          alive = false;
        },
      });
      const cut = () => {
        cuts.delete(cut);
        if (alive) events.closed(1006, '');
        alive = false;
        transport.close();
      };
      cuts.add(cut);
      return transport;
    },
  };
  const client = createClient(
    { url: 'http://chosen.for.each.line', getToken: async () => talk.tenant.token(user) },
    environment,
  );
  client.connect();
  return {
    client,
    cut: () => {
      for (const cut of [...cuts]) cut();
    },
  };
}
