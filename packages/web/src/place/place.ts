import { signal } from '@preact/signals';
import { uncovered, whenUncovered } from './cover.ts';

/** Where in the page a person is. It lives in the address, so Back, reload and links work. */
export interface Place {
  readonly conversation: string | null;
  readonly details: boolean;
}

const atList: Place = { conversation: null, details: false };
const pattern = /^#\/c\/([0-9a-f-]{36})(\/details)?$/;

/** Reads a place from an address's fragment; anything unknown is the list. */
export function readPlace(fragment: string): Place {
  const [, conversation, details] = pattern.exec(fragment) ?? [];
  return conversation ? { conversation, details: details !== undefined } : atList;
}

/** The fragment that leads to a place. */
export function placeAddress(to: Place): string {
  if (to.conversation === null) return '#/';
  return `#/c/${to.conversation}${to.details ? '/details' : ''}`;
}

export const place = signal<Place>(atList);

/** Goes somewhere; the browser's Back returns. */
export function go(to: Place): void {
  whenUncovered(() => goNow(to));
}

function goNow(to: Place): void {
  const here = placeAddress(place.value);
  const there = placeAddress(to);
  if (here === there) return;
  history.pushState({ from: here }, '', there);
  place.value = to;
}

/** Goes up to a place: by the browser's Back when one came from there, so that history stays short. */
export function goUp(to: Place): void {
  whenUncovered(() => goUpNow(to));
}

function goUpNow(to: Place): void {
  const there = placeAddress(to);
  const state: unknown = history.state;
  const from = typeof state === 'object' && state !== null && 'from' in state ? state.from : null;
  if (from === there) {
    history.back();
    return;
  }
  history.replaceState(null, '', there);
  place.value = to;
}

export function goToConversation(conversation: string): void {
  go({ conversation, details: false });
}

export function goToList(): void {
  goUp(atList);
}

/** Leaves without a way back: the person behind this window changed, or the place is gone. */
export function forgetPlace(): void {
  history.replaceState(null, '', placeAddress(atList));
  place.value = atList;
}

/** Follows the address until the returned function is called. */
export function followPlace(): () => void {
  const update = () => {
    place.value = readPlace(location.hash);
  };
  const onPop = () => {
    update();
    uncovered();
  };
  update();
  window.addEventListener('popstate', onPop);
  return () => window.removeEventListener('popstate', onPop);
}
