import { z } from '@hono/zod-openapi';
import { isUuid, limits } from '@parley/protocol';
import { jsonObject } from './json-object.ts';
import { messageSchema, time, uuid } from './message-schema.ts';

const memberSchema = z
  .object({
    id: z.string().openapi({ example: 'alice' }),
    name: z.string().openapi({ example: 'Alice' }),
    avatar_url: z.string().nullable(),
    updated_at: time.openapi({ description: 'When name or picture last changed.' }),
    role: z.enum(['owner', 'admin', 'member']),
    joined_seq: z.int().openapi({ description: 'The first message the person may see.' }),
    version: z.int(),
    left_at: time.nullable(),
  })
  .openapi('Member');

const markSchema = z
  .object({ read: z.int(), delivered: z.int() })
  .openapi('Mark', { description: 'How far one person has read and received, as seq.' });

export const conversationSchema = z
  .object({
    id: uuid,
    kind: z.enum(['direct', 'group']),
    name: z.string().nullable().openapi({ example: 'Launch' }),
    version: z.int().openapi({ example: 9 }),
    last_seq: z.int().openapi({ example: 7 }),
    first_seq: z.int().openapi({ example: 1 }),
    member_count: z.int().openapi({ example: 3 }),
    metadata: jsonObject,
    created_at: time,
    created_by: z.string().openapi({ example: 'alice' }),
    members: z
      .array(memberSchema)
      .readonly()
      .openapi({
        description: `The first ${limits.membersInRow} members.`,
      }),
    unread: z.int().openapi({ description: 'Messages of others after my read mark.', example: 2 }),
    // A union, not `nullable()`, which would make every message of the document nullable.
    last_message: z.union([messageSchema, z.null()]),
    my_role: z.enum(['owner', 'admin', 'member']).openapi({
      description: 'What I count as here, my role in the tenant included.',
      example: 'member',
    }),
    last_activity_at: time,
    marks: z.record(z.string(), markSchema).openapi({
      description: "By user id: everybody's in small conversations, else mine alone.",
    }),
  })
  .openapi('Conversation');

/** The shape only: the protocol's own reader says what the fields may hold. */
export const newConversationSchema = z
  .object({
    kind: z.enum(['direct', 'group']),
    members: z.array(z.string()).openapi({
      description: 'User ids, the caller not needed. One for a direct conversation.',
      maxItems: limits.membersPerCall,
      example: ['bob'],
    }),
    name: z.string().nullish().openapi({
      description: 'Of a group.',
      minLength: 1,
      maxLength: limits.nameCodePoints,
      example: 'Launch',
    }),
    conversation: uuid.nullish().openapi({
      description: 'A UUIDv7 that names the conversation: the same id, the same conversation.',
    }),
  })
  .openapi('NewConversation');

/** The path of one conversation. */
export const conversationParams = z.object({
  id: z
    .string()
    .toLowerCase()
    .refine(isUuid, 'must be a UUID')
    .openapi({ format: 'uuid', example: '0199f2c4-5b6a-7c1d-8e2f-3a4b5c6d7e8f' }),
});
