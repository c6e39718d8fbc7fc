import './icon.css';

/** Drawn on a 20 px grid with one stroke width, so that they sit together. */
const drawings = {
  back: 'M12.5 4.5 7 10l5.5 5.5',
  close: 'm5.5 5.5 9 9m0-9-9 9',
  search: 'M9 14.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11Zm4-1.5 4 4',
  compose:
    'M10.5 3.5H6A2.5 2.5 0 0 0 3.5 6v8A2.5 2.5 0 0 0 6 16.5h8a2.5 2.5 0 0 0 2.5-2.5V9.5M8 12l.5-2.5 6.6-6.6a1.4 1.4 0 0 1 2 2L10.5 11.5 8 12Z',
  send: 'M10 16V4.5M5 9.5l5-5 5 5',
  down: 'm5 8 5 5 5-5',
  people:
    'M7.5 9.5a3 3 0 1 0 0-6 3 3 0 0 0 0 6Zm-5 7c.3-3 2-4.5 5-4.5s4.7 1.5 5 4.5M13 4a2.8 2.8 0 0 1 0 5.2m1.5 3.1c1.8.5 2.8 1.9 3 4.2',
  info: 'M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14Zm0-3.5V9.5m0-3v.1',
  addPerson:
    'M8 9.5a3 3 0 1 0 0-6 3 3 0 0 0 0 6Zm-5.5 7c.3-3 2.2-4.5 5.5-4.5 1.2 0 2.2.2 3 .6M15 11.5v5m-2.5-2.5h5',
  leave: 'M8.5 3.5H6A2.5 2.5 0 0 0 3.5 6v8A2.5 2.5 0 0 0 6 16.5h2.5M8 10h9m-3-3.5L17 10l-3 3.5',
  pencil: 'm3.5 16.5.8-3.6 8.8-8.8a2 2 0 0 1 2.8 2.8l-8.8 8.8-3.6.8Z',
  keyboard:
    'M4.5 5h11A1.5 1.5 0 0 1 17 6.5v7a1.5 1.5 0 0 1-1.5 1.5h-11A1.5 1.5 0 0 1 3 13.5v-7A1.5 1.5 0 0 1 4.5 5ZM6 8.3h.1m3.9 0h.1m3.8 0h.1M7 11.8h6',
  alert: 'M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14Zm0-10.5v4m0 2.9v.1',
  more: 'M5 10.6a.6.6 0 1 0 0-1.2.6.6 0 0 0 0 1.2Zm5 0a.6.6 0 1 0 0-1.2.6.6 0 0 0 0 1.2Zm5 0a.6.6 0 1 0 0-1.2.6.6 0 0 0 0 1.2Z',
  block: 'M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM5.2 5.2l9.6 9.6',
  clock: 'M10 16.5a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13ZM10 6.5V10l2.5 1.5',
  check: 'm4.5 10.5 3.7 3.7 7.3-8',
  checks: 'm1.5 10.5 3.7 3.7 7.3-8m-3 7.2 1 .8 7.5-8',
} as const;

/** Icons that point along the line of writing; they turn with it. */
const pointing: ReadonlySet<string> = new Set(['back', 'leave', 'compose', 'pencil']);

export type IconName = keyof typeof drawings;

/** A line drawing beside words or inside a labelled control; never the only sign. */
export function Icon({ name, small }: { readonly name: IconName; readonly small?: boolean }) {
  return (
    <svg
      class={`icon${small ? ' icon-small' : ''}${pointing.has(name) ? ' icon-pointing' : ''}`}
      viewBox="0 0 20 20"
      aria-hidden="true"
      focusable="false"
    >
      <path d={drawings[name]} />
    </svg>
  );
}
