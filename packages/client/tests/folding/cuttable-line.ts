import { type Environment, systemEnvironment } from '../../src/environment.ts';
import type { Transport } from '../../src/transport/transport.ts';

/** An environment whose lines can be cut without a word, and which comes back at once. */
export class CuttableLine {
  readonly environment: Environment;
  readonly #cuts = new Set<() => void>();

  constructor() {
    const system = systemEnvironment();
    this.environment = {
      ...system,
      // No wait between tries, and reports of delivery at once: the test has no time to lose.
      random: () => 0,
      connect: (address, events) => {
        let alive = true;
        const transport: Transport = system.connect(address, {
          opened: () => alive && events.opened(),
          frame: (frame) => alive && events.frame(frame),
          closed: (code, reason) => {
            this.#cuts.delete(cut);
            if (alive) events.closed(code, reason);
            alive = false;
          },
        });
        const cut = () => {
          this.#cuts.delete(cut);
          if (alive) events.closed(1006, '');
          alive = false;
          transport.close();
        };
        this.#cuts.add(cut);
        return transport;
      },
    };
  }

  cut(): void {
    for (const cut of [...this.#cuts]) cut();
  }
}
