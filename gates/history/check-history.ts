import { checkMarks } from './check-marks.ts';
import { checkReaders } from './check-readers.ts';
import { checkSends } from './check-sends.ts';
import { Findings } from './findings.ts';
import type { Recorded } from './history.ts';
import type { LoggedConversation } from './log.ts';
import { TrueLogs } from './true-logs.ts';

/**
 * Compares what everybody did and saw with the log as it is in the end: one pass, no search.
 *
 * `logs` are the conversations read in full after everything has come to rest, from every node.
 */
export function checkHistory(
  events: readonly Recorded[],
  logs: readonly LoggedConversation[],
): Findings {
  const findings = new Findings();
  const trueLogs = new TrueLogs(logs, findings);
  checkSends(events, trueLogs, findings);
  checkReaders(events, trueLogs, findings);
  checkMarks(events, trueLogs, findings);
  return findings;
}
