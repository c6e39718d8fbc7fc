import { describe, expect, it } from 'vitest';
import { judge } from './version-rule.ts';

describe('the version rule', () => {
  it('[CL13] applies the next change, ignores what is known, and sees a gap', () => {
    expect(judge(4, { version: 5 })).toBe('apply');
    expect(judge(5, { version: 5 })).toBe('ignore');
    expect(judge(6, { version: 5 })).toBe('ignore');
    expect(judge(3, { version: 5 })).toBe('gap');
  });

  it('[CL13] takes a change that names what it follows', () => {
    expect(judge(3, { version: 9, prev: 3 })).toBe('apply');
    expect(judge(5, { version: 9, prev: 3 })).toBe('apply');
    expect(judge(2, { version: 9, prev: 3 })).toBe('gap');
    expect(judge(9, { version: 9, prev: 3 })).toBe('ignore');
  });
});
