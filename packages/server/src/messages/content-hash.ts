import { hash } from 'node:crypto';

/** What the sender of a message said; later edits do not change its hash. */
export interface SentContent {
  readonly sender: string;
  readonly kind: 'text' | 'system';
  /** Trimmed. */
  readonly body: string;
  readonly replyTo: string | null;
}

/**
 * Tells a repeated send from another message under the same id.
 *
 * 16 bytes of SHA-256: a collision could only make a sender's own two messages look alike.
 */
export function contentHash(content: SentContent): Buffer {
  const { sender, kind, body, replyTo } = content;
  return hash('sha256', JSON.stringify([sender, kind, body, replyTo]), 'buffer').subarray(0, 16);
}
