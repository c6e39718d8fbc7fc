import { type OpenAPIHono, z } from '@hono/zod-openapi';
import { commands } from '@parley/protocol';
import { createConversationFor } from '../conversations/create-conversation-for.ts';
import { conversationSchema, newConversationSchema } from './conversation-schema.ts';
import { operation } from './operation.ts';
import type { AppParts, HttpEnv } from './parts.ts';
import { problems } from './problem.ts';
import { userParams } from './user-schema.ts';

/** Conversations that the host product's own server makes in a person's name. */
export function addUserConversationRoutes(app: OpenAPIHono<HttpEnv>, parts: AppParts): void {
  const answer = {
    'application/json': { schema: z.object({ conversation: conversationSchema }) },
  };
  const create = operation(parts, 'createConversationFor', {
    method: 'post',
    path: '/v1/users/{id}/conversations',
    summary: "Start a conversation in a person's name",
    description:
      'As if the person had started it, with people whom the directory may hide from them. ' +
      'Nobody is connected with somebody who blocks them. The answer is as the person sees it.',
    tags: ['Users'],
    request: {
      params: userParams,
      body: { required: true, content: { 'application/json': { schema: newConversationSchema } } },
    },
    responses: {
      201: { description: 'Made.', content: answer },
      200: { description: 'It existed already.', content: answer },
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
    const scope = { tenant: c.get('tenant'), user: c.req.valid('param').id };
    const { conversation, created } = await createConversationFor(parts, scope, input);
    return c.json({ conversation }, created ? 201 : 200);
  });
}
