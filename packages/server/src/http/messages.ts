import { type OpenAPIHono, z } from '@hono/zod-openapi';
import { commands, outgoingMessage } from '@parley/protocol';
import { listMessages } from '../messages/list-messages.ts';
import { sendMessage } from '../messages/send-message.ts';
import { conversationParams } from './conversation-schema.ts';
import { messageSchema, outgoingMessageSchema, sentMessageSchema } from './message-schema.ts';
import { operation } from './operation.ts';
import type { AppParts, HttpEnv } from './parts.ts';
import { problems } from './problem.ts';
import { limitQuery, seqQuery } from './query.ts';

const path = '/v1/conversations/{id}/messages';

/** History and sending: what `message.list` and `message.send` do on the socket. */
export function addMessageRoutes(app: OpenAPIHono<HttpEnv>, parts: AppParts): void {
  const list = operation(parts, 'listMessages', {
    method: 'get',
    path,
    summary: 'A page of history, ascending',
    tags: ['Messages'],
    request: {
      params: conversationParams,
      query: z.object({
        before: seqQuery.openapi({ description: 'Messages before this seq.' }),
        after: seqQuery.openapi({ description: 'Messages after this seq; not with `before`.' }),
        limit: limitQuery,
      }),
    },
    responses: {
      200: {
        description: 'The newest page, or the one asked for.',
        content: {
          'application/json': {
            schema: z.object({
              messages: z.array(messageSchema).readonly(),
              has_more: z.boolean(),
            }),
          },
        },
      },
      ...problems('bad_request', 'unauthorized', 'not_found', 'unavailable'),
    },
  });
  app.openapi(list, async (c) => {
    const asked = { ...c.req.valid('query'), conversation: c.req.valid('param').id };
    const page = await listMessages(c.get('ctx'), commands['message.list'](asked, ''));
    return c.json(page, 200);
  });

  const send = operation(parts, 'sendMessage', {
    method: 'post',
    path,
    summary: 'Send a message; repeat it freely, it is stored once',
    tags: ['Messages'],
    request: {
      params: conversationParams,
      body: { required: true, content: { 'application/json': { schema: outgoingMessageSchema } } },
    },
    responses: {
      201: {
        description: 'Stored, durably.',
        content: { 'application/json': { schema: sentMessageSchema } },
      },
      200: {
        description: 'It had been stored before: the same answer again.',
        content: { 'application/json': { schema: sentMessageSchema } },
      },
      ...problems(
        'bad_request',
        'unauthorized',
        'not_allowed',
        'not_found',
        'id_reused',
        'too_large',
        'unsupported_media_type',
        'unavailable',
      ),
    },
  });
  app.openapi(send, async (c) => {
    const conversation = c.req.valid('param').id;
    const message = outgoingMessage(c.req.valid('json'), '');
    const { repeated, ...sent } = await sendMessage(c.get('ctx'), { conversation, message });
    return c.json(sent, repeated ? 200 : 201);
  });
}
