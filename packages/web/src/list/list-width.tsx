import { signal } from '@preact/signals';
import { useLayoutEffect } from 'preact/hooks';
import { keep, kept } from '../session/kept.ts';
import { words } from '../words.ts';

const least = 260;
const usual = 320;
const most = 420;
const step = 16;
const key = 'parley.list-width';

function within(px: number): number {
  return Math.round(Math.min(most, Math.max(least, Number.isFinite(px) ? px : usual)));
}

const width = signal(within(Number(kept('local', key) ?? usual)));

function show(): void {
  document.documentElement.style.setProperty('--list-width', `${width.peek()}px`);
}

/** The edge of the list: drag it, or move it with the arrow keys, to make the list wider. */
export function ListWidth() {
  useLayoutEffect(show, []);
  const set = (px: number) => {
    width.value = within(px);
    show();
    keep('local', key, String(width.value));
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: an hr cannot be moved
    <div
      class="list-width"
      role="separator"
      aria-orientation="vertical"
      aria-label={words.list.resize}
      aria-valuenow={width.value}
      aria-valuemin={least}
      aria-valuemax={most}
      tabIndex={0}
      onDblClick={() => set(usual)}
      onPointerDown={(event) => {
        if (event.button === 0) event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove={(event) => {
        if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
        const pane = event.currentTarget.parentElement?.getBoundingClientRect();
        if (!pane) return;
        set(inRtl(event.currentTarget) ? pane.right - event.clientX : event.clientX - pane.left);
      }}
      onKeyDown={(event) => {
        const outward = inRtl(event.currentTarget) ? 'ArrowLeft' : 'ArrowRight';
        if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') {
          event.preventDefault();
          set(width.value + (event.key === outward ? step : -step));
        }
      }}
    />
  );
}

function inRtl(element: Element): boolean {
  return element.matches(':dir(rtl)');
}
