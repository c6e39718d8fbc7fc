/**
 * When something was said, as seen from the moment of seeding.
 *
 * `week` keeps its day of the week, so that a text may say "on Friday"; 1 is the week before this
 * one. `workday` counts Monday to Friday back from today. `minute` is minutes before now.
 */
export type Moment =
  | {
      readonly type: 'week';
      readonly weeks: number;
      readonly weekday: number;
      readonly minute: number;
    }
  | { readonly type: 'workday'; readonly days: number; readonly minute: number }
  | { readonly type: 'ago'; readonly minutes: number };

/** Monday is 0. */
export const weekdays = [
  'Monday',
  'Tuesday',
  'Wednesday',
  'Thursday',
  'Friday',
  'Saturday',
  'Sunday',
];

const friday = 4;

/** The time of a moment in milliseconds, by the clock of the server's own time zone. */
export function timeOf(moment: Moment, now: number): number {
  switch (moment.type) {
    case 'week':
      return timeOfDay(now, moment.weekday - weekdayOf(now) - 7 * moment.weeks, moment.minute);
    case 'workday':
      return timeOfDay(now, -daysBack(moment.days, weekdayOf(now)), moment.minute);
    case 'ago':
      return now - moment.minutes * 60_000;
  }
}

export function weekdayOf(time: number): number {
  return (new Date(time).getDay() + 6) % 7;
}

/** A clock time, in minutes after midnight, of the day so many days from that of `now`. */
export function timeOfDay(now: number, days: number, minute: number): number {
  const today = new Date(now);
  // Through the calendar, not by adding 24 hours: a day of the clock change has 23 or 25.
  return new Date(
    today.getFullYear(),
    today.getMonth(),
    today.getDate() + days,
    0,
    minute,
  ).getTime();
}

function daysBack(workdays: number, today: number): number {
  let weekday = today;
  let days = 0;
  for (let left = workdays; left > 0; ) {
    weekday = (weekday + 6) % 7;
    days++;
    if (weekday <= friday) left--;
  }
  return days;
}
