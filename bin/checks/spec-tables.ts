import { closeCodes, commands, errors, limits } from '@parley/protocol';
import type { Sources } from './sources.ts';

const spec = 'docs/SPEC.md';
const events = 'packages/protocol/src/events.ts';

/** What the protocol has and the tables of the specification do not say, or not as it is. */
export function specTableFindings(sources: Sources): string[] {
  const text = sources.get(spec) ?? '';
  const tables: Readonly<Record<string, readonly string[]>> = {
    Commands: Object.keys(commands).map((type) => `| \`${type}\` |`),
    Events: eventNames(sources.get(events) ?? '').map((name) => `| \`${name}\` |`),
    'Error codes': Object.entries(errors).map(
      ([code, { status, retryable }]) =>
        `| \`${code}\` | ${status} | ${retryable ? 'yes' : 'no'} |`,
    ),
    'Close codes': Object.values(closeCodes).map(({ code, reason }) => `| ${code} | ${reason} |`),
    Limits: Object.entries(limits).map(
      ([name, limit]) => `| \`${name}\` | ${limit.toLocaleString('en')} |`,
    ),
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
