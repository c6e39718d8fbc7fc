import type { RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

/**
 * Lets rows glide to their new places when the order changes.
 *
 * Not while the pointer is over the list: what one is about to click should not be in motion.
 */
export function useGlide(
  list: RefObject<HTMLElement | null>,
  order: readonly { readonly id: string }[],
): void {
  const before = useRef<ReadonlyMap<string, number>>(new Map());
  // biome-ignore lint/correctness/useExhaustiveDependencies: another order is what makes them move
  useLayoutEffect(() => {
    const tops = new Map<string, number>();
    const still =
      list.current?.matches(':hover') === true ||
      matchMedia('(prefers-reduced-motion: reduce)').matches;
    for (const row of list.current?.querySelectorAll<HTMLElement>('[data-row-of]') ?? []) {
      const id = row.dataset['rowOf'] ?? '';
      tops.set(id, row.offsetTop);
      const moved = (before.current.get(id) ?? row.offsetTop) - row.offsetTop;
      if (moved === 0 || still) continue;
      row.animate([{ transform: `translateY(${moved}px)` }, { transform: 'none' }], {
        duration: 180,
        easing: 'ease-out',
      });
    }
    before.current = tops;
  }, [list, order]);
}
