import { closeCodes, commands, errors, limits } from '@parley/protocol';
import { bounds } from '../../packages/server/src/limits/bounds.ts';
import { rates } from '../../packages/server/src/limits/rates.ts';
import { policyRows } from './policy-words.ts';
import type { Sources } from './sources.ts';

const spec = 'docs/SPEC.md';
const events = 'packages/protocol/src/events.ts';

/** What the sources have and the tables of the specification do not say, or not as it is. */
export function specTableFindings(sources: Sources): string[] {
  const text = sources.get(spec) ?? '';
  const tables: Readonly<Record<string, readonly string[]>> = {
    Commands: Object.keys(commands).map((type) => `| \`${type}\` |`),
    'Who may do what': policyRows(),
    Events: eventNames(sources.get(events) ?? '').map((name) => `| \`${name}\` |`),
    'Error codes': Object.entries(errors).map(
      ([code, { status, retryable }]) =>
        `| \`${code}\` | ${status} | ${retryable ? 'yes' : 'no'} |`,
    ),
    'Close codes': Object.values(closeCodes).map(({ code, reason }) => `| ${code} | ${reason} |`),
    Limits: Object.entries(limits).map(([name, limit]) => `| \`${name}\` | ${written(limit)} |`),
    Rates: Object.entries(rates).map(
      ([name, { allowed, windowMs }]) =>
        `| \`${name}\` | ${written(allowed)} | ${written(windowMs)} |`,
    ),
    Bounds: Object.entries(bounds).map(([name, bound]) => `| \`${name}\` | ${written(bound)} |`),
  };
  return Object.entries(tables).flatMap(([heading, wanted]) => {
    const rows = rowsUnder(heading, text);
    return [
      ...wanted
        .filter((start) => !rows.some((row) => row.startsWith(start)))
        .map((start) => `${spec}: under "${heading}" no row begins with "${start}"`),
      ...rows
        .filter((row) => !wanted.some((start) => row.startsWith(start)))
        .map((row) => `${spec}: under "${heading}" the protocol has no "${row.slice(0, 40)}..."`),
    ];
  });
}

function written(count: number): string {
  return count.toLocaleString('en');
}

/** The rows of the table in the section of this heading. */
function rowsUnder(heading: string, text: string): string[] {
  const section = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  const [, , ...rows] = section.split('\n').filter((line) => line.startsWith('|'));
  return rows;
}

/** Events exist as types only, so their names are read from the source. */
function eventNames(source: string): string[] {
  return [...source.matchAll(/readonly event: ('[^;]+);/g)].flatMap(([, names = '']) =>
    [...names.matchAll(/'([a-z.]+)'/g)].map(([, name = '']) => name),
  );
}
