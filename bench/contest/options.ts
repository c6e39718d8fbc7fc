import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import type { Groups } from '../peer/peer.ts';

/** What a measurement runs with; every part can be set by a flag of the same name. */
export interface Options {
  /** Measured seconds per round and server. */
  readonly seconds: number;
  readonly rounds: number;
  /** Sends that each sender keeps under way. */
  readonly window: number;
  /** How many of the people send; everybody receives. */
  readonly senders: number;
  /** Bytes of a message's body. */
  readonly body: number;
  readonly groups: Groups;
  /** Prints one line of JSON instead of words. */
  readonly json: boolean;
  /** Folder for a CPU profile of Parley. */
  readonly profileDir: string | undefined;
}

/** What a command measures unless told otherwise. */
export interface Defaults {
  readonly seconds: number;
  readonly rounds: number;
  readonly window: number;
  readonly body: number;
  readonly conversations: number;
  readonly people: number;
  /** Everybody unless given. */
  readonly senders?: number;
}

const counts = [
  'seconds',
  'rounds',
  'window',
  'body',
  'conversations',
  'people',
  'senders',
] as const;

const flags: ParseArgsOptionsConfig = {
  ...Object.fromEntries(counts.map((name) => [name, { type: 'string' }] as const)),
  json: { type: 'boolean' },
  profile: { type: 'string' },
};

/** Reads the flags, `--seconds 5` and the like; throws with a line for the user. */
export function readOptions(args: readonly string[], defaults: Defaults): Options {
  const { values } = parseArgs({ args: [...args], options: flags });
  const count = (name: (typeof counts)[number], otherwise: number): number => {
    const given = values[name];
    if (given === undefined) return otherwise;
    if (typeof given !== 'string' || !/^[1-9]\d{0,5}$/.test(given)) {
      throw new Error(`--${name} takes a whole number above 0.`);
    }
    return Number(given);
  };
  const groups = {
    conversations: count('conversations', defaults.conversations),
    people: count('people', defaults.people),
  };
  const everybody = groups.conversations * groups.people;
  return {
    seconds: count('seconds', defaults.seconds),
    rounds: count('rounds', defaults.rounds),
    window: count('window', defaults.window),
    senders: Math.min(everybody, count('senders', defaults.senders ?? everybody)),
    body: count('body', defaults.body),
    groups,
    json: values['json'] === true,
    profileDir: typeof values['profile'] === 'string' ? values['profile'] : undefined,
  };
}
