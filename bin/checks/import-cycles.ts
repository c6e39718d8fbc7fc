import { posix } from 'node:path';
import type { Import } from './import-graph.ts';

/**
 * Import cycles among files, naming one way around for each.
 *
 * Types count too, but not between neighbours in a folder: a room has people, a person has rooms.
 */
export function importCycleFindings(imports: readonly Import[]): string[] {
  const targets = new Map<string, string[]>();
  for (const { from, file, typesOnly } of imports) {
    if (file === undefined || (typesOnly && areNeighbours(from, file))) continue;
    const known = targets.get(from);
    if (known === undefined) targets.set(from, [file]);
    else known.push(file);
  }
  return new CycleSearch(targets).run();
}

function areNeighbours(one: string, other: string): boolean {
  return posix.dirname(one) === posix.dirname(other);
}

/** Depth first; a file that leads back to one on the way closes a cycle. */
class CycleSearch {
  readonly #targets: ReadonlyMap<string, readonly string[]>;
  readonly #finished = new Set<string>();
  readonly #way: string[] = [];
  readonly #findings: string[] = [];

  constructor(targets: ReadonlyMap<string, readonly string[]>) {
    this.#targets = targets;
  }

  run(): string[] {
    for (const file of [...this.#targets.keys()].sort()) this.#visit(file);
    return this.#findings;
  }

  #visit(file: string): void {
    if (this.#finished.has(file)) return;
    const start = this.#way.indexOf(file);
    if (start >= 0) {
      this.#findings.push(`import cycle: ${[...this.#way.slice(start), file].join(' -> ')}`);
      return;
    }
    this.#way.push(file);
    for (const target of this.#targets.get(file) ?? []) this.#visit(target);
    this.#way.pop();
    this.#finished.add(file);
  }
}
