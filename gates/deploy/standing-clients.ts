import { createClient } from '../../packages/client/src/create-client.ts';
import { systemEnvironment } from '../../packages/client/src/environment.ts';
import type { Client } from '../../packages/client/src/index.ts';
import type { Tenant } from '../kit/tenant.ts';

interface Standing {
  readonly client: Client;
  /** Since when it is not online; undefined while it is. */
  offlineSince: number | undefined;
  readonly gaps: number[];
}

const onlineMs = 30_000;

/** People with the SDK as it is, who do nothing but stay: how long was each away, and why. */
export class StandingClients {
  readonly #all: Standing[] = [];
  /** Codes with which their lines were closed. */
  readonly closes: number[] = [];

  constructor(url: string, tenant: Tenant, count: number) {
    const system = systemEnvironment();
    for (let index = 0; index < count; index++) {
      const client = createClient(
        { url, getToken: async () => tenant.token(`standing${index}`) },
        {
          ...system,
          connect: (address, events) =>
            system.connect(address, {
              ...events,
              closed: (code, reason) => {
                this.closes.push(code);
                events.closed(code, reason);
              },
            }),
        },
      );
      const standing: Standing = { client, offlineSince: performance.now(), gaps: [] };
      client.connection.subscribe(() => watch(standing));
      client.connect();
      this.#all.push(standing);
    }
  }

  /** How long everybody was away each time, in ms, since the last call; by client. */
  takeGaps(): number[][] {
    return this.#all.map(({ gaps }) => gaps.splice(0));
  }

  /** Waits until all are online. */
  async online(): Promise<void> {
    const until = performance.now() + onlineMs;
    while (this.#all.some(({ offlineSince }) => offlineSince !== undefined)) {
      if (performance.now() > until) throw new Error('not everybody came back');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  leave(): void {
    for (const { client } of this.#all) client.disconnect();
  }
}

function watch(standing: Standing): void {
  const isOnline = standing.client.connection.getSnapshot().status === 'online';
  const { offlineSince } = standing;
  if (!isOnline) standing.offlineSince ??= performance.now();
  else if (offlineSince !== undefined) {
    standing.gaps.push(performance.now() - offlineSince);
    standing.offlineSince = undefined;
  }
}
