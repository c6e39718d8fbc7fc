import { expect, test } from 'vitest';
import { hueOf } from './hue.ts';
import { initials } from './initials.ts';

test.each([
  ['Maya Lindqvist', 'ML'],
  ['Wolfgang-Maximilian Freiherr zu Oberwaldburg', 'WO'],
  ['madonna', 'M'],
  ['Élodie d’Arc', 'ÉD'],
  ['  (Ann)  Lee ', 'AL'],
  ['أميرة الحداد', 'أ'],
  ['田中 健二', '田'],
  ['김 Anna', '김'],
  ['Ольга Иванова', 'ОИ'],
  ['👩‍🚀', '👩‍🚀'],
  ['', ''],
])('%s is %s', (name, letters) => {
  expect(initials(name)).toBe(letters);
});

test('a hue is one of twelve and always the same', () => {
  const hues = Array.from({ length: 500 }, (_, i) => hueOf(`user-${i}`));
  expect(new Set(hues).size).toBe(12);
  expect(hueOf('user-7')).toBe(hues[7]);
});
