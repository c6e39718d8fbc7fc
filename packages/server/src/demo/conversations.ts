import type { DemoConversation } from './conversation.ts';
import { readGrammar } from './site-log/grammar.ts';
import { writeSiteLog } from './site-log/write-log.ts';
import { datedConversation, readTranscript } from './transcript.ts';

/** The conversations that are written out, each in its file of `content`. */
export const transcripts = [
  'announcements',
  'tide-hotel',
  'juniper-bakery',
  'website',
  'money',
  'lunch-table',
  'maya-jonas',
  'maya-priya',
  'maya-omar',
  'maya-kenji',
  'amina-omar',
  'kenji-yuki',
  'amina-zoe',
  'jonas-zoe',
  'priya-yuki',
] as const;

/** Everything said in the demo up to `now`: the written conversations, and the site log. */
export function demoConversations(now: number): DemoConversation[] {
  return [
    ...transcripts.map((file) => datedConversation(readTranscript(file), now)),
    writeSiteLog(readGrammar(), now),
  ];
}
