import { isTestCode, type Sources } from './sources.ts';

const maxLines = 300;

/** Files that grew past what one sitting can read; tests, demo content and generated files may. */
export function fileLengthFindings(sources: Sources): string[] {
  return [...sources].flatMap(([path, text]) => {
    if (!isMeasured(path) || isGenerated(text)) return [];
    const lines = text.trimEnd().split('\n').length;
    return lines > maxLines
      ? [`${path}: ${lines} lines, ${maxLines} at the most; look for the second idea in it`]
      : [];
  });
}

function isMeasured(path: string): boolean {
  return (
    /\.(tsx?|css|sh)$/.test(path) &&
    !isTestCode(path) &&
    !path.startsWith('packages/server/src/demo/content/')
  );
}

function isGenerated(text: string): boolean {
  return /^(\/\/|\/\*) Generated\b/.test(text);
}
