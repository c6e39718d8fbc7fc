import { expect, test } from 'vitest';
import { placeAddress, readPlace } from './place.ts';

const id = '01920000-0000-7000-8000-000000000001';

test('[PG9] an address leads to its place and back', () => {
  for (const place of [
    { conversation: null, details: false },
    { conversation: id, details: false },
    { conversation: id, details: true },
  ]) {
    expect(readPlace(placeAddress(place))).toEqual(place);
  }
});

test('[PG9] whatever is no place is the list', () => {
  for (const fragment of ['', '#', '#/c/', `#/c/${id}/x`, '#/c/../../x', '#token=abc']) {
    expect(readPlace(fragment)).toEqual({ conversation: null, details: false });
  }
});
