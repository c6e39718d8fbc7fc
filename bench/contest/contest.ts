import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Load } from '../load/load.ts';
import type { Audit } from '../peer/audit.ts';
import { startFloorPeer } from '../peer/floor.ts';
import { startParley } from '../peer/parley.ts';
import type { Peer } from '../peer/peer.ts';
import { describeMachine, type Machine } from './machine.ts';
import type { Options } from './options.ts';
import { type Turn, takeTurn } from './round.ts';

/** Parley and the floor, one after the other, under the same load. */
export interface Round {
  readonly parley: Turn;
  readonly floor: Turn;
}

export interface Result {
  readonly machine: Machine;
  readonly rounds: readonly Round[];
  /** What PostgreSQL held in the end; it is as acknowledged, or there is no result. */
  readonly stored: { readonly parley: Audit; readonly floor: Audit };
}

const warmUpMs = 1_000;

/**
 * Runs Parley and the floor in turn, A B A B, and checks what they stored.
 *
 * `say` hears what is being done. Throws when anything acknowledged is missing, doubled or uneven.
 */
export async function runContest(options: Options, say: (text: string) => void): Promise<Result> {
  await using place = await temporaryFolder();
  await using cleanup = new AsyncDisposableStack();
  const interrupted = new Promise<never>((_, reject) => {
    process.once('SIGINT', () => reject(new Error('Interrupted.')));
  });
  /** Goes on to the next step only while nobody has pressed Ctrl-C. */
  const step = <T>(work: Promise<T>): Promise<T> => Promise.race([work, interrupted]);
  const start = (starting: Promise<Peer>): Promise<Peer> => {
    // Whatever has begun to start is stopped, even if it is not up yet.
    cleanup.defer(() =>
      starting.then(
        (peer) => peer.stop(),
        () => {},
      ),
    );
    return step(starting);
  };

  say('Starting Parley and the floor, each with a PostgreSQL of its own ...');
  const { groups, profileDir, body } = options;
  const parley = await start(
    startParley({ dataDir: join(place.path, 'parley'), groups, profileDir }),
  );
  const floor = await start(startFloorPeer(join(place.path, 'floor'), groups));
  const load = new Load();
  cleanup.defer(async () => load.stop());
  for (const { name, port, people } of [parley, floor]) {
    await step(load.connect(name, { port, people, bodyBytes: body }));
  }
  const rounds = await step(runRounds(options, load, { parley, floor }, say));
  const stored = { parley: await parley.audit(), floor: await floor.audit() };
  const last = rounds.at(-1);
  check('parley', stored.parley, last?.parley);
  check('floor', stored.floor, last?.floor);
  if (JSON.stringify(stored.parley.settings) !== JSON.stringify(stored.floor.settings)) {
    throw new Error('The two PostgreSQL run with different settings.');
  }
  return { machine: await describeMachine(), rounds, stored };
}

async function runRounds(
  options: Options,
  load: Load,
  { parley, floor }: { readonly parley: Peer; readonly floor: Peer },
  say: (text: string) => void,
): Promise<Round[]> {
  const { seconds, window, senders } = options;
  const plan = { warmUpMs, measuredMs: seconds * 1_000, window, senders };
  const rounds: Round[] = [];
  for (let number = 1; number <= options.rounds; number++) {
    say(`Round ${number} of ${options.rounds} ...`);
    rounds.push({
      parley: await takeTurn(load, parley, plan),
      floor: await takeTurn(load, floor, plan),
    });
  }
  return rounds;
}

function check(name: string, stored: Audit, last: Turn | undefined): void {
  const { rows, ids, uneven } = stored;
  if (rows !== last?.acked || ids !== rows || uneven > 0) {
    throw new Error(
      `${name}: ${last?.acked} sends were acknowledged, but ${rows} rows are stored, ` +
        `with ${ids} ids; in ${uneven} conversations the seqs are not dense.`,
    );
  }
  if (stored.settings['fsync'] !== 'on') throw new Error(`${name}: fsync is not on.`);
}

async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'parley-bench-'));
  // PostgreSQL runs as another user when we are root, and has to get through.
  await chmod(path, 0o711);
  return {
    path,
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}
