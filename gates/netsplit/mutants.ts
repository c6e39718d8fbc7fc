import type { Mutant } from '../kit/mutant.ts';

export const mutants: readonly Mutant[] = [];
