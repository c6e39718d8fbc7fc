import type { Client } from '../api.ts';
import { createClient } from '../create-client.ts';
import type { Environment } from '../environment.ts';
import { FakeClock, settled } from './fake-clock.ts';
import { FakeNetwork } from './fake-network.ts';
import { FakeServer } from './fake-server.ts';

/** A device of one person: a client, its own network, and what its browser would say. */
export class FakeDevice {
  readonly network: FakeNetwork;
  readonly client: Client;
  isOnline = true;
  readonly #listeners = new Set<() => void>();

  constructor(world: World, user: string, getToken: () => Promise<string>) {
    this.network = new FakeNetwork(world.server);
    const env: Environment = {
      now: world.clock.now,
      after: world.clock.after,
      random: world.random,
      connect: this.network.connect,
      device: {
        isOnline: () => this.isOnline,
        listen: (changed) => {
          this.#listeners.add(changed);
          return () => this.#listeners.delete(changed);
        },
      },
    };
    this.client = createClient({ url: `http://${user}.test`, getToken }, env);
    world.devices.push(this);
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  /** The browser says that the network, or the person's attention, changed. */
  change(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** A clock, a server and the devices of a test. Nothing happens unless the test says so. */
export class World {
  readonly clock = new FakeClock();
  readonly server: FakeServer;
  readonly devices: FakeDevice[] = [];
  random: () => number = () => 0.5;

  constructor(people: readonly string[] = ['ann', 'bob', 'cy', 'dee']) {
    this.server = new FakeServer(this.clock.now, people);
  }

  device(user: string, getToken: () => Promise<string> = async () => user): FakeDevice {
    return new FakeDevice(this, user, getToken);
  }

  /** A device that is connected and has loaded its list. */
  async connected(user: string): Promise<FakeDevice> {
    const device = this.device(user);
    device.client.connect();
    await this.pass(100);
    return device;
  }

  /** Everything that is under way arrives, and what follows from it; no time passes. */
  async flow(): Promise<void> {
    await settled();
    while (this.devices.some(({ network }) => network.flow())) await settled();
    await settled();
  }

  /** Time passes, with everything flowing. */
  async pass(ms: number): Promise<void> {
    const end = this.clock.now() + ms;
    await this.flow();
    while (this.clock.now() < end) {
      const next = Math.min(Math.max(this.clock.next, 0), end - this.clock.now());
      await this.clock.advance(next);
      await this.flow();
    }
  }
}
