import { isTestCode, isTypeScript, type Sources } from './sources.ts';

interface Ban {
  readonly pattern: RegExp;
  readonly why: string;
  readonly where: (path: string) => boolean;
}

const codeAsText = 'text becomes code here; build nodes or call functions';
const sourceOfPackage = (path: string): boolean =>
  /^packages\/[^/]+\/(src\/|index\.html$)/.test(path) && !isTestCode(path);
const everywhere = (): boolean => true;
const ourCode = (path: string): boolean => isTypeScript(path) && !isTestCode(path);

const bans: readonly Ban[] = [
  {
    pattern: /\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write(ln)?|srcdoc)\b/,
    why: codeAsText,
    where: sourceOfPackage,
  },
  { pattern: /\beval\s*\(|\bnew Function\b/, why: codeAsText, where: sourceOfPackage },
  {
    pattern: /\bclass \w*(Service|Manager)\b/,
    why: 'name what it is or does; an action is a function',
    where: ourCode,
  },
  {
    pattern: /https?:\/\/[^\s"'`)]*(registry|mirror|artifactory)/i,
    why: 'no package registry is named; npm knows its own',
    where: everywhere,
  },
  {
    pattern: /"resolved": "https?:/,
    why: 'the lock file holds no addresses; see .npmrc',
    where: (path) => path.endsWith('package-lock.json'),
  },
];

/**
 * Lines with text that has no place in the sources.
 *
 * @param checkout absolute path of the checkout: it differs on every machine, so nothing may name it.
 */
export function forbiddenTextFindings(sources: Sources, checkout: string): string[] {
  // A short path such as /app could be meant as an address.
  const place = checkout.split('/').length < 3 ? undefined : checkout;
  return [...sources].flatMap(([path, text]) => {
    const applicable = bans.filter((ban) => ban.where(path));
    return text.split('\n').flatMap((line, index) => {
      const at = `${path}:${index + 1}`;
      const findings = applicable.flatMap(({ pattern, why }) => {
        const found = pattern.exec(line);
        return found === null ? [] : [`${at}: "${found[0]}": ${why}`];
      });
      if (place === undefined || !line.includes(place)) return findings;
      return [...findings, `${at}: "${place}": this path is of one machine only`];
    });
  });
}
