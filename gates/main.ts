import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { gates, isGateName } from './all.ts';
import type { Size } from './kit/gate.ts';
import { runGate } from './kit/run-gate.ts';

const usage = `Usage: npm run gate -- <name> [--ci|--full] [--seed <n>] [--only <part>] [--first]

  --ci     a minute or two on two cores (default)
  --full   as long as it takes
  --seed   chooses as the run with this seed did
  --only   one part of the gate
  --first  stop at the first failure

Gates: ${Object.keys(gates).join(', ')}
`;

// Not the end by default, which would skip what is undone at the exit.
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(1));

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 2;
}
// What a failed part has left open must not keep the process.
process.exit();

async function main(): Promise<number> {
  const options = readOptions();
  if (typeof options === 'string') {
    process.stderr.write(options);
    return 2;
  }
  const { name, ...rest } = options;
  const { gate } = await gates[name].gate();
  const say = (text: string) => process.stderr.write(`${text}\n`);
  say(`${name}: ${gate.promise} (${rest.size}, seed ${rest.seed})`);
  const postgres = process.env['GATE_POSTGRES'];
  const result = await runGate(gate, { ...rest, postgres, say });
  process.stdout.write(`${JSON.stringify(result)}\n`);
  return result.pass ? 0 : 1;
}

function readOptions() {
  const { values, positionals } = readArguments();
  const [name = '', ...more] = positionals;
  const seed = values.seed === undefined ? randomInt(2 ** 32) : Number(values.seed);
  if (!isGateName(name)) return name === '' ? usage : `There is no gate "${name}".\n${usage}`;
  if (more.length > 0 || !Number.isSafeInteger(seed) || (values.ci && values.full)) return usage;
  const size: Size = values.full ? 'full' : 'ci';
  return { name, size, seed, only: values.only, first: values.first ?? false };
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        ci: { type: 'boolean' },
        full: { type: 'boolean' },
        seed: { type: 'string' },
        only: { type: 'string' },
        first: { type: 'boolean' },
      },
    });
  } catch (error) {
    // An option that there is not: its message says which.
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return { values: {}, positionals: [] };
  }
}
