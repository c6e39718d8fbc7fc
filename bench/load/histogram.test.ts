import { expect, it } from 'vitest';
import { Histogram } from './histogram.ts';

it('tells quantiles within a percent', () => {
  const histogram = new Histogram();
  for (let ms = 1; ms <= 1_000; ms++) histogram.add(ms);
  for (const share of [0.01, 0.5, 0.99, 1]) {
    const exact = share * 1_000;
    expect(histogram.quantile(share)).toBeGreaterThan(exact * 0.985);
    expect(histogram.quantile(share)).toBeLessThan(exact * 1.015);
  }
});

it('holds times of any length, and none at all', () => {
  const histogram = new Histogram();
  expect(histogram.quantile(0.5)).toBeNaN();
  for (const ms of [0, 1e-6, 1e9]) histogram.add(ms);
  expect(histogram.quantile(0.5)).toBeLessThan(0.01);
  expect(histogram.quantile(1)).toBeGreaterThan(1e6);
});
