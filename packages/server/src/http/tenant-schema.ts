import { z } from '@hono/zod-openapi';
import { isTenantId, parseName } from '@parley/protocol';
import { isOrigin } from '../tenants/origin.ts';
import type { SettingsChange } from '../tenants/update-settings.ts';
import { time } from './message-schema.ts';
import { parsedText } from './parsed-text.ts';

const tenantId = z.string().openapi({ example: 'acme' });

export const newTenantSchema = z
  .object({
    id: z
      .string()
      .refine(isTenantId, 'must be 1 to 63 lower-case letters, digits and inner hyphens')
      .openapi({
        description: 'A slug.',
        pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$',
        example: 'acme',
      }),
    name: parsedText(parseName).openapi({ example: 'Acme Inc.' }),
  })
  .openapi('NewTenant');

export const tenantSecretsSchema = z
  .object({
    id: tenantId,
    name: z.string().openapi({ example: 'Acme Inc.' }),
    api_key: z.string().openapi({
      description: 'Authorises your server. Told this once.',
      example: 'pak_acme_abcdefghijkl_0000000000000000000000000000000000000000000',
    }),
    signing_secret: z.string().openapi({
      description: 'Signs user tokens (HS256; the key is the UTF-8 text). Told this once.',
      example: '0000000000000000000000000000000000000000000',
    }),
    kid: z.string().openapi({
      description: 'Names the secret: the `kid` of every token signed with it.',
      example: 'abcdefghijkl',
    }),
  })
  .openapi('TenantSecrets');

// A path that names no possible tenant is answered as one that names no tenant.
export const tenantParams = z.object({ id: tenantId });

const mostOrigins = 100;
const longestOrigin = 300;

const origins = z
  .array(
    z
      .string()
      .max(longestOrigin)
      .refine(
        isOrigin,
        'must be an origin as browsers send it, such as https://app.example: scheme, host in lower ' +
          'case and port if it is not the standard one, without path or wildcard',
      ),
  )
  .max(mostOrigins)
  .transform((listed) => [...new Set(listed)])
  .openapi({ example: ['https://app.example.com'] });

const directory = z.enum(['all', 'shared', 'none']).openapi({
  description:
    'Whom people may find and write to: everybody of the tenant, those who share a conversation ' +
    'with them, nobody. Your server may connect anybody.',
});

const membersMay = z
  .array(z.enum(['rename', 'add']))
  .max(2)
  .transform((listed) => [...new Set(listed)])
  .openapi({
    description: 'What members of a group may do there that else takes an admin.',
  });

export const tenantSchema = z
  .object({
    id: tenantId,
    name: z.string().openapi({ example: 'Acme Inc.' }),
    directory: z.enum(['all', 'shared', 'none']),
    members_may: z.array(z.enum(['rename', 'add'])).readonly(),
    allowed_origins: z.array(z.string()).readonly().openapi({
      description: "Origins, besides the server's own, whose pages may connect.",
    }),
    frame_ancestors: z.array(z.string()).readonly().openapi({
      description: "Origins, besides the server's own, whose pages may frame the chat page.",
    }),
    created_at: time,
    suspended_at: time.nullable(),
  })
  .openapi('Tenant');

// Strict: a misspelt `directory` that closes nothing would be taken for one that does.
export const settingsSchema = z
  .strictObject({
    directory: directory.nullable().optional(),
    members_may: membersMay.nullable().optional(),
    allowed_origins: origins.nullable().optional(),
    frame_ancestors: origins.nullable().optional(),
  })
  .openapi('TenantSettings');

/** Only what was given: an absent setting stays. */
export function settingsChange(given: z.infer<typeof settingsSchema>): SettingsChange {
  const { directory, members_may, allowed_origins, frame_ancestors } = given;
  return {
    ...(directory === undefined ? {} : { directory }),
    ...(members_may === undefined ? {} : { members_may }),
    ...(allowed_origins === undefined ? {} : { allowed_origins }),
    ...(frame_ancestors === undefined ? {} : { frame_ancestors }),
  };
}
