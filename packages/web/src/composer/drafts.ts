import { signal } from '@preact/signals';
import { keep, kept } from '../session/kept.ts';

const key = (me: string) => `parley.drafts.${me}`;

/** Unsent texts by conversation, for this window. */
export const drafts = signal<ReadonlyMap<string, string>>(new Map());

let owner: string | null = null;

/** Brings back the drafts that this person left in this window. */
export function loadDrafts(me: string): void {
  owner = me;
  drafts.value = readDrafts(kept('window', key(me)));
}

/** Keeps a draft; an empty one is forgotten. */
export function keepDraft(conversation: string, text: string): void {
  const next = new Map(drafts.value);
  if (text === '') next.delete(conversation);
  else next.set(conversation, text);
  drafts.value = next;
  if (owner === null) return;
  keep('window', key(owner), next.size === 0 ? null : JSON.stringify(Object.fromEntries(next)));
}

/** Forgets all drafts of the person who signs out. */
export function dropDrafts(): void {
  owner = null;
  drafts.value = new Map();
}

function readDrafts(text: string | null): ReadonlyMap<string, string> {
  if (text === null) return new Map();
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return new Map();
    return new Map(Object.entries(value).filter(([, draft]) => typeof draft === 'string'));
  } catch {
    return new Map();
  }
}
