import type { SystemCall } from '../faults/strace-lines.ts';

/** How the acknowledgements of some messages lay to the writing of the log. */
export interface AckOrder {
  /** Told to a client after a sync that was begun after the message was in the log, and succeeded. */
  readonly covered: number;
  /** Everything else that was told, in words. */
  readonly uncovered: readonly string[];
  /** Syncs of the log that ended well, and that failed. */
  readonly syncs: number;
  readonly failedSyncs: number;
}

interface Plan {
  /** The messages' ids, as they go over the wire. */
  readonly ids: Iterable<string>;
  /** The port where the server takes its clients. */
  readonly port: number;
}

const writes = new Set(['write', 'writev', 'sendto', 'sendmsg']);
const logWrites = new Set(['pwrite64', 'pwritev', 'write', 'writev']);
const syncs = new Set(['fdatasync', 'fsync']);
const idText = /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g;

/**
 * Proves from the system calls of PostgreSQL and the server, in their order, that no message was told
 * to anybody before it was on disk.
 *
 * On disk: its id was written to a file of the log, and after that a sync of that file was begun, and
 * ended well. Events that show a message count like acknowledgements: they promise the same.
 */
export async function orderOfAcks(
  calls: AsyncIterable<SystemCall>,
  { ids, port }: Plan,
): Promise<AckOrder> {
  const states = new Map<string, MessageState>();
  for (const id of ids) states.set(id.replaceAll('-', ''), { name: id, file: '', told: false });
  const prefix = commonBytes([...states.keys()]);
  const log = new Map<string, LogFile>();
  const tally = { covered: 0, uncovered: [] as string[], syncs: 0, failedSyncs: 0 };
  const isClient = new RegExp(`^TCP.*:${port}->`);

  for await (const call of calls) {
    if (call.target.includes('/pg_wal/')) takeLogCall(call);
    else if (writes.has(call.name) && isClient.test(call.target)) takeTold(call);
  }
  return tally;

  function takeLogCall(call: SystemCall): void {
    const file = fileOf(call.target);
    if (logWrites.has(call.name) && call.phase !== 'begin' && call.failed === false) {
      for (const state of messagesIn(call.bytes)) {
        // Pages of the log are written again and again; the first time counts.
        if (state.file !== '') continue;
        state.file = call.target;
        file.written.push(state);
      }
    } else if (syncs.has(call.name)) {
      if (call.phase !== 'end') file.begin(call.pid);
      if (call.phase !== 'begin') {
        const durable = file.end(call.pid);
        if (call.failed === true) tally.failedSyncs += 1;
        else tally.syncs += 1;
        if (call.failed === false) for (const state of durable) state.durable = true;
        else file.written.push(...durable);
      }
    }
  }

  function takeTold(call: SystemCall): void {
    if (call.phase === 'end') return;
    for (const [id] of call.bytes.toString('latin1').matchAll(idText)) {
      const state = states.get(id.replaceAll('-', ''));
      if (state === undefined || state.told) continue;
      state.told = true;
      if (state.durable === true) tally.covered += 1;
      else if (state.file === '') tally.uncovered.push(`${id} was told before it was in the log`);
      else tally.uncovered.push(`${id} was told before its log was synced`);
    }
  }

  function fileOf(path: string): LogFile {
    const known = log.get(path) ?? new LogFile();
    log.set(path, known);
    return known;
  }

  function* messagesIn(bytes: Buffer): Iterable<MessageState> {
    for (let at = bytes.indexOf(prefix); at >= 0; at = bytes.indexOf(prefix, at + 1)) {
      const state = states.get(bytes.toString('hex', at, at + 16));
      if (state !== undefined) yield state;
    }
  }
}

interface MessageState {
  readonly name: string;
  /** The file of the log that has it; empty until then. */
  file: string;
  durable?: boolean;
  told: boolean;
}

/** A file of the log: what was written and not synced yet, and the syncs under way. */
class LogFile {
  written: MessageState[] = [];
  readonly #underWay = new Map<number, MessageState[]>();

  begin(pid: number): void {
    this.#underWay.set(pid, this.written);
    this.written = [];
  }

  end(pid: number): MessageState[] {
    const begun = this.#underWay.get(pid) ?? [];
    this.#underWay.delete(pid);
    return begun;
  }
}

/** What all ids begin with: they are made in the order of time, so that they are found fast. */
function commonBytes(hexes: readonly string[]): Buffer {
  const [first = ''] = hexes;
  let length = first.length;
  for (const hex of hexes) {
    while (!hex.startsWith(first.slice(0, length))) length -= 2;
  }
  if (length < 4) throw new Error('the ids have nothing in common');
  return Buffer.from(first.slice(0, length), 'hex');
}
