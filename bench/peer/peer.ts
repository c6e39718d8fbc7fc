import type { Person } from '../load/crowd.ts';
import type { Audit } from './audit.ts';
import type { CpuSeconds } from './cpu.ts';

/** How many conversations there are, and how many people in each; nobody is in two. */
export interface Groups {
  readonly conversations: number;
  readonly people: number;
}

/** A server under test: a process of its own with a PostgreSQL of its own. */
export interface Peer {
  readonly name: 'parley' | 'floor';
  readonly port: number;
  /** Conversation by conversation. */
  readonly people: readonly Person[];
  cpu(): Promise<CpuSeconds>;
  /** Commit groups so far, and the messages in them; the floor has none. */
  groups(): Promise<{ readonly count: number; readonly messages: number } | undefined>;
  /** What is stored, by SQL, and with which settings. */
  audit(): Promise<Audit>;
  stop(): Promise<void>;
}
