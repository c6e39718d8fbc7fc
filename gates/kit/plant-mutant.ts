// Loaded before anything else where a bug is planted: changes one module while it is loaded.
import { readFileSync, writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { mutantVariable, type PlantedMutant } from './mutant.ts';

// Written by the test that starts us.
const mutant = JSON.parse(process.env[mutantVariable] ?? 'null') as PlantedMutant | null;
if (mutant === null) fail(`${mutantVariable} is not set`);

const target = new URL(`../../${mutant.file}`, import.meta.url).href;
mutate(readFileSync(new URL(target), 'utf8'), mutant);

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (url !== target) return loaded;
    if (loaded.source === null || loaded.source === undefined) fail(`${mutant.file} has no source`);
    const source = mutate(asText(loaded.source), mutant);
    writeFileSync(mutant.mark, mutant.file);
    return { ...loaded, source };
  },
});

function asText(source: string | ArrayBuffer | NodeJS.TypedArray): string {
  return typeof source === 'string' ? source : new TextDecoder().decode(source);
}

function mutate(source: string, { file, find, replace }: PlantedMutant): string {
  const [before, after, ...more] = source.split(find);
  if (before === undefined || after === undefined || more.length > 0) {
    fail(
      `the text of the mutant stands ${more.length + (after === undefined ? 0 : 1)} times in ${file}, not once:\n${find}`,
    );
  }
  return before + replace + after;
}

/** A stale mutant must not pass for one that was found. */
function fail(why: string): never {
  process.stderr.write(`Cannot plant the mutant: ${why}\n`);
  process.exit(70);
}
