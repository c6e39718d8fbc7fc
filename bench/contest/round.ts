import type { Measured, Plan } from '../load/crowd.ts';
import type { Load } from '../load/load.ts';
import type { Peer } from '../peer/peer.ts';
import { busySeconds } from './machine.ts';

/** One server's part of a round. */
export interface Turn {
  readonly sendsPerSecond: number;
  readonly deliveriesPerSecond: number;
  /** Milliseconds from the send to the event at another member. */
  readonly receipt: { readonly p50: number; readonly p99: number };
  /** Milliseconds from the send to its acknowledgement. */
  readonly ack: { readonly p50: number; readonly p99: number };
  /** Cores kept busy: 1 is one whole core. `others` is whatever else ran on the machine. */
  readonly cores: {
    readonly server: number;
    readonly postgres: number;
    readonly load: number;
    readonly others: number;
  };
  /** Messages per commit, on average; only of Parley. */
  readonly groupSize: number | undefined;
  /** Events that came after a later one of their conversation. */
  readonly outOfOrder: number;
  /** Sends acknowledged so far, since the beginning. */
  readonly acked: number;
}

/** Loads one server for a while and measures both. */
export async function takeTurn(load: Load, peer: Peer, plan: Plan): Promise<Turn> {
  const groupsBefore = await peer.groups();
  let before = Promise.resolve(undefined as Snapshot | undefined);
  let after = before;
  const measured = await load.run(peer.name, plan, (edge) => {
    if (edge === 'begin') before = snapshot(peer);
    else after = snapshot(peer);
  });
  const [begin, end, groups] = await Promise.all([before, after, peer.groups()]);
  const commits = (groups?.count ?? 0) - (groupsBefore?.count ?? 0);
  const messages = (groups?.messages ?? 0) - (groupsBefore?.messages ?? 0);
  return {
    sendsPerSecond: measured.sends / measured.seconds,
    deliveriesPerSecond: measured.deliveries / measured.seconds,
    receipt: measured.receipt,
    ack: measured.ack,
    cores: coresOf(measured, begin, end),
    groupSize: commits > 0 ? messages / commits : undefined,
    outOfOrder: measured.outOfOrder,
    acked: measured.acked,
  };
}

interface Snapshot {
  readonly at: number;
  readonly busy: number;
  readonly server: number;
  readonly postgres: number;
}

async function snapshot(peer: Peer): Promise<Snapshot> {
  const at = performance.now();
  return { at, busy: busySeconds(), ...(await peer.cpu()) };
}

function coresOf(
  measured: Measured,
  begin: Snapshot | undefined,
  end: Snapshot | undefined,
): Turn['cores'] {
  if (begin === undefined || end === undefined) throw new Error('the load told no window');
  const seconds = (end.at - begin.at) / 1_000;
  const server = (end.server - begin.server) / seconds;
  const postgres = (end.postgres - begin.postgres) / seconds;
  const load = measured.cpuSeconds / measured.seconds;
  const others = Math.max(0, (end.busy - begin.busy) / seconds - server - postgres - load);
  return { server, postgres, load, others };
}
