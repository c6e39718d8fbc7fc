import { z } from '@hono/zod-openapi';
import { limits } from '@parley/protocol';

const bodyRule =
  'Trimmed. 1 to 10,000 Unicode code points, without U+0000 and half surrogate pairs.';

export const time = z
  .string()
  .openapi({ format: 'date-time', example: '2026-11-22T16:20:00.000Z' });
export const uuid = z
  .string()
  .openapi({ format: 'uuid', example: '0199f2c4-5b6a-7c1d-8e2f-3a4b5c6d7e8f' });

const systemAct = z.union([
  z.object({ type: z.literal('members_added'), users: z.array(z.string()).readonly() }),
  z.object({ type: z.literal('member_removed'), user: z.string() }),
  z.object({ type: z.literal('member_left') }),
  z.object({
    type: z.literal('role_changed'),
    user: z.string(),
    role: z.enum(['owner', 'admin', 'member']),
  }),
  z.object({ type: z.literal('renamed'), name: z.string() }),
]);

export const messageSchema = z
  .object({
    id: uuid,
    seq: z.int().openapi({ description: 'Its place in the conversation.', example: 7 }),
    sender: z.string().nullable().openapi({ description: 'Null when hidden.', example: 'alice' }),
    kind: z.enum(['text', 'system', 'hidden']),
    body: z.string().openapi({ example: 'The draft is ready.' }),
    created_at: time,
    version: z.int().openapi({ example: 9 }),
    reply_to: uuid.optional(),
    act: systemAct.optional().openapi({ description: 'What a system message tells.' }),
    edited_at: time.optional(),
    deleted_at: time.optional(),
  })
  .openapi('Message');

/** The shape only: the protocol's own reader says what the fields may hold. */
export const outgoingMessageSchema = z
  .object({
    id: uuid.openapi({
      description: 'A UUIDv7 that names the message: the same id, the same message.',
    }),
    body: z.string().openapi({
      description: bodyRule,
      minLength: 1,
      maxLength: limits.bodyCodePoints,
      example: 'The draft is ready.',
    }),
    reply_to: uuid.nullish(),
  })
  .openapi('OutgoingMessage');

export const sentMessageSchema = z
  .object({
    seq: z.int().openapi({ example: 7 }),
    version: z.int().openapi({ example: 9 }),
    created_at: time,
  })
  .openapi('SentMessage');
