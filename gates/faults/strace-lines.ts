/** A system call as strace tells it: its beginning, its end, or both in one line. */
export interface StraceLine {
  readonly pid: number;
  readonly phase: 'begin' | 'end' | 'whole';
  readonly name: string;
  /** What it was called with, so far as this line tells. */
  readonly given: string;
  /** What it answered; only at its end. */
  readonly result: string;
}

/** A moment of a call: an order of moments is an order of what happened. */
export interface SystemCall {
  readonly pid: number;
  readonly name: string;
  /** A call that others come between is told twice: at its beginning and at its end. */
  readonly phase: 'begin' | 'end' | 'whole';
  /** The file or socket that it was called with first, as strace names it. */
  readonly target: string;
  /** All buffers that it was called with, one after another; as much as was asked for. */
  readonly bytes: Buffer;
  /** Undefined while it is under way. */
  readonly failed: boolean | undefined;
  readonly result: string;
}

/** Reads a line of `strace -f`; undefined for what is no call (signals, exits). */
export function parseStraceLine(line: string): StraceLine | undefined {
  const [, id = '', rest = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
  if (id === '') return undefined;
  const pid = Number(id);
  const resumed = /^<\.\.\. (\w+) resumed>(.*)$/.exec(rest);
  if (resumed !== null) {
    const [, name = '', told = ''] = resumed;
    return { pid, phase: 'end', name, ...parted(told) };
  }
  const [, name, told = ''] = /^(\w+)\((.*)$/.exec(rest) ?? [];
  if (name === undefined) return undefined;
  if (told.endsWith('<unfinished ...>')) {
    return { pid, phase: 'begin', name, given: told.slice(0, -16), result: '' };
  }
  return { pid, phase: 'whole', name, ...parted(told) };
}

/** The result stands behind the last `) = `; buffers are hexadecimal, so none holds one. */
function parted(told: string): { readonly given: string; readonly result: string } {
  const at = told.lastIndexOf(') = ');
  const padded = /\)\s+= /.exec(told);
  if (at >= 0) return { given: told.slice(0, at), result: told.slice(at + 4) };
  if (padded === null) return { given: told, result: '' };
  return {
    given: told.slice(0, padded.index),
    result: told.slice(padded.index + padded[0].length),
  };
}

/** Puts beginnings and ends together. */
export class StraceCalls {
  readonly #underWay = new Map<number, string>();

  take({ pid, phase, name, given, result }: StraceLine): SystemCall | undefined {
    const begun = phase === 'end' ? (this.#underWay.get(pid) ?? '') : '';
    if (phase === 'begin') this.#underWay.set(pid, given);
    else this.#underWay.delete(pid);
    const all = begun + given;
    return {
      pid,
      name,
      phase,
      target: nameIn(/^\d+<(.*?)>(?:,|$|\s)/.exec(all)?.[1] ?? ''),
      bytes: bytesIn(all),
      failed: phase === 'begin' ? undefined : result.startsWith('-1') || result.startsWith('?'),
      result,
    };
  }
}

/** Files are named in hexadecimal, sockets in words. */
function nameIn(told: string): string {
  return told.startsWith('\\x') ? fromHex(told).toString('utf8') : told;
}

function bytesIn(given: string): Buffer {
  const buffers = [...given.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)];
  return fromHex(buffers.map(([, hex = '']) => hex).join(''));
}

function fromHex(told: string): Buffer {
  return Buffer.from(told.replaceAll('\\x', ''), 'hex');
}
