import { expect, test } from 'vitest';
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
