const drawers = /^(utils?|helpers?|common|types|misc)$/;

/** Files and folders with a name that says nothing; each finding tells what to do. */
export function fileNameFindings(paths: Iterable<string>): string[] {
  const findings = new Set<string>();
  for (const path of paths) {
    const names = path.split('/');
    for (const [index, name] of names.entries()) {
      const stem = name.split('.')[0] ?? '';
      if (!drawers.test(stem)) continue;
      const place = names.slice(0, index + 1).join('/');
      findings.add(`${place}: "${stem}" is a drawer for anything; name the thing in it`);
    }
  }
  return [...findings];
}
