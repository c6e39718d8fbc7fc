import type { Findings } from './findings.ts';
import type { LoggedConversation, LoggedMessage } from './log.ts';

/** One conversation's agreed log. */
export interface TrueLog {
  readonly conversation: string;
  readonly bySeq: ReadonlyMap<number, LoggedMessage>;
  readonly byId: ReadonlyMap<string, LoggedMessage>;
  readonly lastSeq: number;
  /** As the first node tells them. */
  readonly marks: LoggedConversation['marks'];
}

/** The logs of all conversations, on which all nodes must agree and which have no holes. */
export class TrueLogs {
  readonly #logs = new Map<string, TrueLog>();
  /** Where a message is, of all conversations. */
  readonly #home = new Map<string, string>();

  constructor(logs: readonly LoggedConversation[], findings: Findings) {
    for (const log of logs) {
      const known = this.#logs.get(log.conversation);
      if (known === undefined) this.#take(log, findings);
      else compare(known, log, findings);
    }
  }

  get(conversation: string): TrueLog | undefined {
    return this.#logs.get(conversation);
  }

  all(): IterableIterator<TrueLog> {
    return this.#logs.values();
  }

  /** The conversation whose log has this message. */
  homeOf(id: string): string | undefined {
    return this.#home.get(id);
  }

  #take({ conversation, node, messages, marks }: LoggedConversation, findings: Findings): void {
    const bySeq = new Map<number, LoggedMessage>();
    const byId = new Map<string, LoggedMessage>();
    let last = 0;
    for (const message of messages) {
      const { seq, id } = message;
      const at = `${conversation} on ${node}`;
      if (seq <= last) findings.add('inversion', `${at}: ${seq} is listed after ${last}`);
      else if (seq > last + 1)
        findings.add('hole', `${at}: nothing from ${last + 1} to ${seq - 1}`);
      const twin = byId.get(id);
      if (twin !== undefined) {
        findings.add('duplicate', `${at}: message ${id} is ${twin.seq} and ${seq}`);
      }
      last = Math.max(last, seq);
      bySeq.set(seq, message);
      byId.set(id, message);
      this.#home.set(id, conversation);
    }
    this.#logs.set(conversation, { conversation, bySeq, byId, lastSeq: last, marks });
  }
}

function compare(known: TrueLog, other: LoggedConversation, findings: Findings): void {
  const where = `${known.conversation} on ${other.node}`;
  if (known.bySeq.size !== other.messages.length) {
    findings.add(
      'divergence',
      `${where}: ${other.messages.length} messages, elsewhere ${known.bySeq.size}`,
    );
  }
  for (const { seq, id, body, version } of other.messages) {
    const same = known.bySeq.get(seq);
    if (same?.id === id && same.body === body && same.version === version) continue;
    findings.add('divergence', `${where}: ${seq} is ${id}, elsewhere ${same?.id ?? 'nothing'}`);
  }
}
