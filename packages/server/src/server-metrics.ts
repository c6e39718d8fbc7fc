import { Counter, Gauge, Histogram, type Metric, Registry } from 'prom-client';

/** How many messages one commit stores. */
export function groupSizeHistogram(): Histogram {
  return new Histogram({
    name: 'parley_append_group_size',
    help: 'Messages that were stored by one commit.',
    buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500],
    registers: [],
  });
}

/** What sockets were closed for. */
export function closedCounter(): Counter<'reason'> {
  return new Counter({
    name: 'parley_closed_total',
    help: 'WebSocket connections that the server closed.',
    labelNames: ['reason'],
    registers: [],
  });
}

/** What was refused for coming too often. */
export function refusedCounter(): Counter<'rate'> {
  return new Counter({
    name: 'parley_rate_limited_total',
    help: 'Frames, requests and sockets that were refused for coming too often.',
    labelNames: ['rate'],
    registers: [],
  });
}

interface Counts {
  readonly connections: () => number;
  readonly nodes: () => number;
}

/** What `/metrics` tells: these figures, and the two that are counted when they are asked for. */
export function metricsOf(counts: Counts, counted: readonly Metric[]): Registry {
  const registry = new Registry();
  for (const metric of counted) registry.registerMetric(metric);
  registry.registerMetric(
    new Gauge({
      name: 'parley_connections',
      help: 'Open WebSocket connections of this node.',
      registers: [],
      collect() {
        this.set(counts.connections());
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: 'parley_nodes',
      help: 'Nodes that live on the database, this one included.',
      registers: [],
      collect() {
        this.set(counts.nodes());
      },
    }),
  );
  return registry;
}
