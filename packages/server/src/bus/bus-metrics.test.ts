import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { busMetrics } from './bus-metrics.ts';
import { MemoryBus } from './memory.ts';

test('[BU16] The figures of the bus are counters and a gauge, read when they are asked for', async () => {
  const bus = new MemoryBus();
  let figures = { reachable: true, published: 5, dropped: 1, heard: 3 };
  bus.figures = () => figures;
  const registry = new Registry();
  for (const metric of busMetrics(bus)) registry.registerMetric(metric);
  const told = async () => (await registry.metrics()).match(/^parley_bus.*$/gm);
  expect(await told()).toEqual([
    'parley_bus_reachable 1',
    'parley_bus_published_total 5',
    'parley_bus_dropped_total 1',
    'parley_bus_heard_total 3',
  ]);
  figures = { reachable: false, published: 7, dropped: 3, heard: 3 };
  expect(await told()).toEqual([
    'parley_bus_reachable 0',
    'parley_bus_published_total 7',
    'parley_bus_dropped_total 3',
    'parley_bus_heard_total 3',
  ]);
});
