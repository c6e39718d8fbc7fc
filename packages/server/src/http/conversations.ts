import { type OpenAPIHono, z } from '@hono/zod-openapi';
import { commands } from '@parley/protocol';
import { createConversation } from '../conversations/create-conversation.ts';
import { getConversation } from '../conversations/get-conversation.ts';
import { listConversations } from '../conversations/list-conversations.ts';
import {
  conversationParams,
  conversationSchema,
  newConversationSchema,
} from './conversation-schema.ts';
import { operation } from './operation.ts';
import type { AppParts, HttpEnv } from './parts.ts';
import { problems } from './problem.ts';
import { cursorQuery, limitQuery } from './query.ts';

const tags = ['Conversations'];
const oneConversation = z.object({ conversation: conversationSchema });

/** Conversations: what `conversation.create`, `.list` and `.get` do on the socket. */
export function addConversationRoutes(app: OpenAPIHono<HttpEnv>, parts: AppParts): void {
  const create = operation(parts, 'createConversation', {
    method: 'post',
    path: '/v1/conversations',
    summary: 'Start a conversation; a direct one that exists is returned',
    tags,
    request: {
      body: { required: true, content: { 'application/json': { schema: newConversationSchema } } },
    },
    responses: {
      201: {
        description: 'Made.',
        content: { 'application/json': { schema: oneConversation } },
      },
      200: {
        description: 'It existed already.',
        content: { 'application/json': { schema: oneConversation } },
      },
      ...problems(
        'bad_request',
        'unauthorized',
        'not_allowed',
        'not_found',
        'id_reused',
        'too_large',
        'unsupported_media_type',
        'too_many',
        'unavailable',
      ),
    },
  });
  app.openapi(create, async (c) => {
    const input = commands['conversation.create'](c.req.valid('json'), '');
    const { conversation, created } = await createConversation(c.get('ctx'), input);
    return c.json({ conversation }, created ? 201 : 200);
  });

  const list = operation(parts, 'listConversations', {
    method: 'get',
    path: '/v1/conversations',
    summary: 'My conversations, newest activity first',
    tags,
    request: { query: z.object({ cursor: cursorQuery, limit: limitQuery }) },
    responses: {
      200: {
        description: 'A page, and the cursor of the next one or null.',
        content: {
          'application/json': {
            schema: z.object({
              conversations: z.array(conversationSchema).readonly(),
              cursor: z.string().nullable(),
            }),
          },
        },
      },
      ...problems('bad_request', 'unauthorized', 'unavailable'),
    },
  });
  app.openapi(list, async (c) => {
    const input = commands['conversation.list'](c.req.valid('query'), '');
    return c.json(await listConversations(c.get('ctx'), input), 200);
  });

  const get = operation(parts, 'getConversation', {
    method: 'get',
    path: '/v1/conversations/{id}',
    summary: 'One conversation as my list shows it',
    tags,
    request: { params: conversationParams },
    responses: {
      200: {
        description: 'The conversation.',
        content: { 'application/json': { schema: oneConversation } },
      },
      ...problems('bad_request', 'unauthorized', 'not_found', 'unavailable'),
    },
  });
  app.openapi(get, async (c) => {
    const conversation = c.req.valid('param').id;
    return c.json(await getConversation(c.get('ctx'), { conversation }), 200);
  });
}
