import { words } from '../words.ts';
import { pickLocale } from './locale.ts';
import { createTimeLabels } from './time-labels.ts';

/** The labels of this page: its language, the device's choice of 12 or 24 hours. */
export const labels = createTimeLabels(
  pickLocale(navigator.languages, words.language),
  new Intl.DateTimeFormat(undefined, { hour: 'numeric' }).resolvedOptions().hour12,
);
