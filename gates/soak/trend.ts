/** A straight line through values over time, and how sure it is. */
export interface Trend {
  /** Per unit of time. */
  readonly slope: number;
  /** With 95 % the slope is no further from this one. */
  readonly margin: number;
  readonly mean: number;
}

/** About what Student's t is for 95 % and many values. */
const sure = 2;

/** The least squares line through points `[time, value]`; at least three. */
export function trendOf(points: readonly (readonly [number, number])[]): Trend {
  const count = points.length;
  if (count < 3) throw new RangeError('a trend needs three points');
  const mean = (values: readonly number[]) => values.reduce((sum, one) => sum + one, 0) / count;
  const middle = mean(points.map(([time]) => time));
  const level = mean(points.map(([, value]) => value));
  let [spread, product] = [0, 0];
  for (const [time, value] of points) {
    spread += (time - middle) ** 2;
    product += (time - middle) * (value - level);
  }
  const slope = product / spread;
  let rest = 0;
  for (const [time, value] of points) rest += (value - level - slope * (time - middle)) ** 2;
  const margin = sure * Math.sqrt(rest / (count - 2) / spread);
  return { slope, margin, mean: level };
}
