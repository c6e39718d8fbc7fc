import type { Measured, Person, Plan } from './crowd.ts';

/** What the bench asks of the load process. `server` is a name that the two agree on. */
export type Order =
  | {
      readonly type: 'connect';
      readonly server: string;
      readonly port: number;
      readonly people: readonly Person[];
      readonly bodyBytes: number;
    }
  | { readonly type: 'run'; readonly server: string; readonly plan: Plan };

/** What the load process tells. */
export type Report =
  | { readonly type: 'connected' }
  | { readonly type: 'window'; readonly edge: 'begin' | 'end' }
  | { readonly type: 'measured'; readonly measured: Measured }
  | { readonly type: 'failed'; readonly why: string };
