import { isTestCode, isTypeScript, type Sources } from './sources.ts';

const spec = 'docs/SPEC.md';
/** Where a rule stands in the specification: `- **MS1** A message ...`. */
const rule = /^- \*\*([A-Z]{1,2}\d+)\*\* \S/;
/** Where a title quotes one: `'[MS1] a message ...'`. */
const quote = /['"`]\[([A-Z]{1,2}\d+)\] /g;

/** Rules that no test title quotes, and titles that quote what is no rule. */
export function specRuleFindings(sources: Sources): string[] {
  const rules = rulesOf(sources.get(spec) ?? '');
  const quotes = [...sources].flatMap(quotesOf);
  const known = new Set(rules.map(({ id }) => id));
  const quoted = new Set(quotes.map(({ id }) => id));
  const firstLine = new Map(rules.toReversed().map(({ id, line }) => [id, line]));
  return [
    ...rules.flatMap(({ id, line }) => {
      const first = firstLine.get(id);
      if (first !== line) return [`${spec}:${line}: ${id} stands in line ${first} already`];
      return quoted.has(id) ? [] : [`${spec}:${line}: no test title quotes ${id}`];
    }),
    ...quotes
      .filter(({ id }) => !known.has(id))
      .map(({ id, path, line }) => `${path}:${line}: ${id} is no rule of ${spec}`),
  ];
}

interface Place {
  readonly id: string;
  readonly line: number;
}

function rulesOf(text: string): Place[] {
  return text.split('\n').flatMap((line, index) => {
    const id = rule.exec(line)?.[1];
    return id === undefined ? [] : [{ id, line: index + 1 }];
  });
}

function quotesOf([path, text]: readonly [string, string]): (Place & { readonly path: string })[] {
  if (!isTestCode(path) || !isTypeScript(path)) return [];
  return text
    .split('\n')
    .flatMap((line, index) =>
      [...line.matchAll(quote)].map(([, id = '']) => ({ id, path, line: index + 1 })),
    );
}
