import type { Findings } from './findings.ts';
import type { Recorded, SendEvent } from './history.ts';
import type { TrueLog, TrueLogs } from './true-logs.ts';

type Invoke = Extract<SendEvent, { readonly type: 'invoke' }>;

/** What became of one content under one id, over all tries. */
interface Content {
  ok: boolean;
  /** Some try is not answered for. */
  open: number;
  refused: string | undefined;
  /** Refused for another reason than that the sender may not: never true of what is stored. */
  denied: string | undefined;
}

/** Who may not send any more is told so of a repeat too, whatever became of the first try. */
const authority: ReadonlySet<string> = new Set(['not_found', 'not_allowed', 'unauthorized']);

/** One id in one conversation. */
interface Sent {
  readonly first: Invoke;
  /** The highest seq that had been acknowledged here when it was first sent. */
  readonly floor: number;
  readonly contents: Map<string, Content>;
  ackedAt: number | undefined;
}

/** Checks the log against what was sent and answered. */
export function checkSends(events: readonly Recorded[], logs: TrueLogs, findings: Findings): void {
  const sends = new Sends(findings);
  for (const event of events) sends.take(event);
  for (const log of logs.all()) checkLog(log, sends, findings);
  for (const sent of sends.all()) checkSent(sent, logs, findings);
}

class Sends {
  readonly #findings: Findings;
  readonly #ops = new Map<number, Invoke>();
  readonly #sent = new Map<string, Sent>();
  readonly #ackedUpTo = new Map<string, number>();

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  get(conversation: string, id: string): Sent | undefined {
    return this.#sent.get(`${conversation} ${id}`);
  }

  all(): IterableIterator<Sent> {
    return this.#sent.values();
  }

  take(event: Recorded): void {
    if (event.type === 'invoke') {
      this.#invoke(event);
      return;
    }
    if (event.type !== 'ok' && event.type !== 'fail' && event.type !== 'info') return;
    const invoke = this.#ops.get(event.op);
    if (invoke === undefined) return;
    this.#ops.delete(event.op);
    const sent = this.get(invoke.conversation, invoke.id);
    const content = sent?.contents.get(invoke.body);
    if (sent === undefined || content === undefined) return;
    if (event.type === 'info') return;
    content.open--;
    if (event.type === 'fail') {
      content.refused = event.code;
      if (!authority.has(event.code)) content.denied = event.code;
    } else this.#acknowledge(sent, content, event.seq);
  }

  #invoke(invoke: Invoke): void {
    const { op, conversation, id, body } = invoke;
    this.#ops.set(op, invoke);
    let sent = this.get(conversation, id);
    if (sent === undefined) {
      const floor = this.#ackedUpTo.get(conversation) ?? 0;
      sent = { first: invoke, floor, contents: new Map(), ackedAt: undefined };
      this.#sent.set(`${conversation} ${id}`, sent);
    }
    const content = sent.contents.get(body);
    if (content !== undefined) content.open++;
    else sent.contents.set(body, { ok: false, open: 1, refused: undefined, denied: undefined });
  }

  #acknowledge(sent: Sent, content: Content, seq: number | undefined): void {
    const { conversation, id } = sent.first;
    content.ok = true;
    if (seq === undefined) return;
    if (sent.ackedAt !== undefined && sent.ackedAt !== seq) {
      const what = `${conversation}: message ${id} was acknowledged as ${sent.ackedAt} and ${seq}`;
      this.#findings.add('divergence', what);
    }
    sent.ackedAt = seq;
    const before = this.#ackedUpTo.get(conversation) ?? 0;
    this.#ackedUpTo.set(conversation, Math.max(before, seq));
  }
}

/** Everything in the log was sent, was not refused, and stands where it must. */
function checkLog(log: TrueLog, sends: Sends, findings: Findings): void {
  const { conversation } = log;
  const lastNth = new Map<string, number>();
  for (const [seq, { id, kind, body, sender }] of log.bySeq) {
    if (kind !== 'text') continue;
    const sent = sends.get(conversation, id);
    const content = sent?.contents.get(body);
    const it = `${conversation}: message ${seq}, ${id},`;
    if (sent === undefined) {
      findings.add('phantom', `${it} was never sent there`);
      continue;
    }
    if (content === undefined || sender !== sent.first.user) {
      findings.add('divergence', `${it} is not what its sender said`);
      continue;
    }
    const { ok, open, refused, denied } = content;
    if (denied !== undefined || (!ok && open === 0)) {
      findings.add('false-failure', `${it} was refused: ${denied ?? refused}`);
    }
    if (seq <= sent.floor) {
      findings.add('inversion', `${it} was sent when ${sent.floor} had been acknowledged`);
    }
    const { nth, user } = sent.first;
    if (nth === undefined) continue;
    const before = lastNth.get(user) ?? -1;
    if (nth < before) findings.add('inversion', `${it} is no. ${nth} of ${user}, after ${before}`);
    lastNth.set(user, Math.max(before, nth));
  }
}

/** What was acknowledged is in the log where it was said to be, and nothing is left open. */
function checkSent({ first, contents, ackedAt }: Sent, logs: TrueLogs, findings: Findings): void {
  const { conversation, id } = first;
  const logged = logs.get(conversation)?.byId.get(id);
  for (const [body, content] of contents) {
    if (!content.ok) {
      const isSettled =
        content.refused !== undefined || [...contents.values()].some(({ ok }) => ok);
      if (content.open > 0 && !isSettled) {
        findings.add('unresolved', `${conversation}: message ${id} was never answered for`);
      }
      continue;
    }
    if (logged === undefined) {
      const home = logs.homeOf(id);
      const where = home === undefined ? 'is nowhere' : `is in ${home}`;
      findings.add(
        'lost',
        `${conversation}: message ${id}, acknowledged as ${ackedAt ?? 'stored'}, ${where}`,
      );
    } else if (logged.body !== body) {
      findings.add('lost', `${conversation}: message ${id} was acknowledged with other words`);
    } else if (ackedAt !== undefined && logged.seq !== ackedAt) {
      const what = `message ${id} was acknowledged as ${ackedAt} and is ${logged.seq}`;
      findings.add('divergence', `${conversation}: ${what}`);
    }
  }
}
