import type { Gate } from '../kit/gate.ts';
import type { Mutant } from '../kit/mutant.ts';
import type { Run } from '../kit/run.ts';
import { runMutant, whyNotFound } from '../kit/run-mutant.ts';
import { classics, mutantsOf } from './classics.ts';

export const gate: Gate = {
  name: 'mutants',
  promise:
    'the gates see: each of the bugs that such servers are known to have is found when planted',
  unit: 'bugs found',
  target: Object.keys(classics).length,
  async run(run) {
    let found = 0;
    // What is no bug must not be "found", and what cannot be planted must not either.
    await run.part('control', async () => {
      run.expect((await tell(run, 'idem', harmless)) !== undefined, 'what is no bug was found');
      run.expect((await tell(run, 'idem', stale)) !== undefined, 'what is not there was found');
    });
    for (const [name, { gate, id }] of Object.entries(classics)) {
      await run.part(name, async () => {
        const { mutants } = await mutantsOf[gate]();
        const mutant = mutants.find((one) => one.id === id);
        if (mutant === undefined) throw new Error(`${gate} has no planted bug "${id}"`);
        const why = await tell(run, gate, mutant);
        if (why === undefined) found += 1;
        else run.fail(`${gate} did not find that ${mutant.bug}: ${why}`);
      });
    }
    return found;
  },
};

async function tell(run: Run, gate: string, mutant: Mutant): Promise<string | undefined> {
  const began = performance.now();
  const why = whyNotFound(mutant, await runMutant(gate, mutant, process.env['GATE_POSTGRES']));
  const seconds = ((performance.now() - began) / 1_000).toFixed(1);
  run.say(`  ${gate}, ${mutant.id}: ${why ?? 'found'} (${seconds} s)`);
  return why;
}

/** Changes nothing. */
const harmless: Mutant = {
  id: 'harmless',
  bug: 'nothing is wrong',
  file: 'packages/server/src/messages/append-statements.ts',
  find: "'enable_seqscan = off',",
  replace: "'enable_seqscan = off', // as it was",
  part: 'one node',
  failure: '',
};

/** Does not stand there. */
const stale: Mutant = { ...harmless, id: 'stale', find: 'this text is not there' };
