/** Whole days from one local date to another: 0 today, 1 yesterday. */
export function daysBetween(earlier: Date, later: Date): number {
  const day = (date: Date) => Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
  return Math.round((day(later) - day(earlier)) / 86_400_000);
}

/** A key that two times share when they are on the same local day. */
export function dayKey(time: string): string {
  const date = new Date(time);
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`;
}

/** Words for times, in one locale. Times come in as ISO 8601, `now` says when it is. */
export interface TimeLabels {
  /** `14:05` */
  readonly clock: (time: string) => string;
  /** `Sunday, 22 November 2026 at 14:05` */
  readonly full: (time: string) => string;
  /** For the list: `14:05`, `Yesterday`, `Friday`, `3 Nov`, `03/11/2025`. */
  readonly short: (time: string, now: Date) => string;
  /** For day separators: `Today`, `Yesterday`, `Friday, 20 November`, with the year when it is another. */
  readonly day: (time: string, now: Date) => string;
  /** For `Last seen ...`: `today at 14:05`, `yesterday at 14:05`, `on 3 November`. */
  readonly seen: (time: string, now: Date) => string;
}

/** Makes the labels of a locale; formatters are costly to make and cheap to keep. */
export function createTimeLabels(locale: string, hour12?: boolean): TimeLabels {
  const hours = hour12 === undefined ? {} : { hour12 };
  const format = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(locale, options);
  const clock = format({ hour: '2-digit', minute: '2-digit', ...hours });
  const full = format({ dateStyle: 'full', timeStyle: 'short', ...hours });
  const weekday = format({ weekday: 'long' });
  const dayMonth = format({ day: 'numeric', month: 'short' });
  const numeric = format({ day: '2-digit', month: '2-digit', year: 'numeric' });
  const dayInYear = format({ weekday: 'long', day: 'numeric', month: 'long' });
  const dayWithYear = format({ day: 'numeric', month: 'long', year: 'numeric' });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });

  const capital = (text: string) => {
    const [first = ''] = text;
    return first.toLocaleUpperCase(locale) + text.slice(first.length);
  };
  const near = (days: number) => relative.format(-days, 'day');

  return {
    clock: (time) => clock.format(new Date(time)),
    full: (time) => full.format(new Date(time)),
    short: (time, now) => {
      const date = new Date(time);
      const days = daysBetween(date, now);
      // A clock that runs behind puts messages into tomorrow: still a time of today for the reader.
      if (days <= 0) return clock.format(date);
      if (days === 1) return capital(near(1));
      if (days < 7) return weekday.format(date);
      const sameYear = date.getFullYear() === now.getFullYear();
      return sameYear ? dayMonth.format(date) : numeric.format(date);
    },
    day: (time, now) => {
      const date = new Date(time);
      const days = daysBetween(date, now);
      if (days <= 0) return capital(near(0));
      if (days === 1) return capital(near(1));
      const sameYear = date.getFullYear() === now.getFullYear();
      return sameYear ? dayInYear.format(date) : dayWithYear.format(date);
    },
    seen: (time, now) => {
      const date = new Date(time);
      const days = Math.max(0, daysBetween(date, now));
      if (days <= 1) return `${near(days)} at ${clock.format(date)}`;
      const sameYear = date.getFullYear() === now.getFullYear();
      return `on ${(sameYear ? dayMonth : dayWithYear).format(date)}`;
    },
  };
}
