import type { Message } from '@parley/protocol';
import { httpCall } from '../kit/http-call.ts';

/** A message as the final log has it. */
export interface LoggedMessage {
  readonly seq: number;
  readonly id: string;
  readonly kind: Message['kind'];
  readonly sender: string | null;
  readonly body: string;
  readonly version: number;
}

/** A conversation as one node tells it, read from the first message to the last. */
export interface LoggedConversation {
  readonly node: string;
  readonly conversation: string;
  readonly messages: readonly LoggedMessage[];
  /** Everybody's marks, where the server tells them. */
  readonly marks: Readonly<Record<string, { readonly read: number; readonly delivered: number }>>;
}

/** Where a node listens, and the token of somebody who has seen everything. */
export interface LogSource {
  readonly node: string;
  readonly port: number;
  readonly conversation: string;
  readonly bearer: string;
}

const pageSize = 50;
const patienceMs = 30_000;

/** The number of the newest message. */
export async function readHead(source: LogSource): Promise<number> {
  const row = await insist(source, `/v1/conversations/${source.conversation}`);
  return (row as { readonly conversation: { readonly last_seq: number } }).conversation.last_seq;
}

/** Reads a conversation over HTTP, page by page; waits while the node is not there yet. */
export async function readLog(source: LogSource): Promise<LoggedConversation> {
  const { node, conversation } = source;
  const about = `/v1/conversations/${conversation}`;
  const row = (await insist(source, about)) as {
    conversation: { marks?: LoggedConversation['marks'] };
  };
  const messages: LoggedMessage[] = [];
  for (let after = 0; ; ) {
    const page = (await insist(source, `${about}/messages?after=${after}&limit=${pageSize}`)) as {
      readonly messages: readonly Message[];
      readonly has_more: boolean;
    };
    for (const { seq, id, kind, sender, body, version } of page.messages) {
      messages.push({ seq, id, kind, sender, body, version });
    }
    const last = page.messages.at(-1);
    // A page that leads back would be read for ever; the checker sees what is wrong with it.
    if (!page.has_more || last === undefined || last.seq <= after) break;
    after = last.seq;
  }
  return { node, conversation, messages, marks: row.conversation.marks ?? {} };
}

async function insist({ port, bearer }: LogSource, path: string): Promise<unknown> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const answer = await httpCall(port, 'GET', path, { bearer }).catch(String);
    if (typeof answer === 'object' && answer.status === 200) return answer.body;
    const why = typeof answer === 'object' ? `${answer.status} ${answer.text}` : answer;
    if (performance.now() > deadline) throw new Error(`the log could not be read: ${path}: ${why}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
