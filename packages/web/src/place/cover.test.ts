import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { coverPlace } from './cover.ts';
import { followPlace, go, goToList, goUp, place } from './place.ts';

const id = '01920000-0000-7000-8000-000000000001';
const conversation = { conversation: id, details: false };
const details = { conversation: id, details: true };

/** As much of the browser's history as the page uses; going somewhere takes a moment, as there. */
class FakeHistory {
  entries: { state: unknown; address: string }[] = [{ state: null, address: '#/' }];
  at = 0;
  readonly page = new EventTarget();
  readonly location = { hash: '#/' };

  get state(): unknown {
    return this.entries[this.at]?.state;
  }

  pushState(state: unknown, _: string, address = this.location.hash): void {
    this.entries = [...this.entries.slice(0, this.at + 1), { state, address }];
    this.at += 1;
    this.location.hash = address;
  }

  replaceState(state: unknown, _: string, address: string): void {
    this.entries[this.at] = { state, address };
    this.location.hash = address;
  }

  back(): void {
    this.go(-1);
  }

  go(steps: number): void {
    queueMicrotask(() => {
      this.at += steps;
      this.location.hash = this.entries[this.at]?.address ?? 'outside';
      this.page.dispatchEvent(new Event('popstate'));
    });
  }
}

const moment = () => new Promise((done) => setImmediate(done));
let browser: FakeHistory;
let stop: () => void;

beforeEach(() => {
  browser = new FakeHistory();
  vi.stubGlobal('history', browser);
  vi.stubGlobal('location', browser.location);
  vi.stubGlobal('window', browser.page);
  stop = followPlace();
});
afterEach(() => {
  stop();
  vi.unstubAllGlobals();
});

test('[PG9] Back closes what covers the page, and stays at the place', async () => {
  go(conversation);
  const close = vi.fn();
  const closed = coverPlace(close);
  browser.back();
  await moment();
  expect(close).toHaveBeenCalledOnce();
  expect(place.value).toEqual(conversation);
  closed();
  await moment();
  expect([browser.at, place.value]).toEqual([1, conversation]);
});

test('[PG9] closed in another way, a cover leaves no entry on top', async () => {
  go(conversation);
  coverPlace(vi.fn())();
  await moment();
  expect(browser.at).toBe(1);
  goToList();
  await moment();
  expect([browser.at, place.value.conversation]).toEqual([0, null]);
});

test('[PG9] going on from a cover, Back leads to where one was before it', async () => {
  const closed = coverPlace(vi.fn());
  go(conversation);
  closed();
  await moment();
  expect(place.value).toEqual(conversation);
  expect(browser.entries.map((entry) => entry.address)).toEqual(['#/', `#/c/${id}`]);
});

test('[PG9] going up while a cover is being closed waits for that', async () => {
  go(conversation);
  go(details);
  const lower = vi.fn();
  const closed = coverPlace(lower);
  closed();
  goUp(conversation);
  await moment();
  expect([browser.at, place.value]).toEqual([1, conversation]);
  expect(lower).not.toHaveBeenCalled();
});
