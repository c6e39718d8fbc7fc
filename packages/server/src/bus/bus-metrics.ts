import { Counter, Gauge, type Metric } from 'prom-client';
import type { Bus, BusFigures } from './bus.ts';

/** The bus in figures, for Prometheus. */
export function busMetrics(bus: Bus): Metric[] {
  const reachable = new Gauge({
    name: 'parley_bus_reachable',
    help: '1 while other nodes can be told and heard; else they find in the database what happened.',
    registers: [],
    collect() {
      this.set(bus.figures().reachable ? 1 : 0);
    },
  });
  return [
    reachable,
    counter(bus, 'published', 'Publications for other nodes.'),
    counter(bus, 'dropped', 'Publications that were not carried: the way was away or full.'),
    counter(bus, 'heard', 'Publications of other nodes.'),
  ];
}

function counter(bus: Bus, figure: Exclude<keyof BusFigures, 'reachable'>, help: string): Counter {
  let told = 0;
  return new Counter({
    name: `parley_bus_${figure}_total`,
    help,
    registers: [],
    collect() {
      const now = bus.figures()[figure];
      this.inc(now - told);
      told = now;
    },
  });
}
