import { z } from '@hono/zod-openapi';
import { isUserId, limits, parseName } from '@parley/protocol';
import { time } from './message-schema.ts';
import { parsedText } from './parsed-text.ts';

const longestUrl = 2_000;
// Other than letters: controls, format characters, half surrogate pairs, unassigned.
const plain = /^[^\p{C}\s]+$/u;

const userId = z
  .string()
  .refine(isUserId, 'must be 1 to 128 characters, none of them a control character');

const idBounds = { minLength: 1, maxLength: limits.userIdLength, example: 'alice' };

export const userParams = z.object({
  id: userId.openapi({
    description: "Your product's own id of the person, percent-encoded.",
    ...idBounds,
  }),
});

const avatarUrl = z
  .string()
  .max(longestUrl)
  .refine(isPictureUrl, 'must be an http or https address without a password')
  .openapi({ format: 'uri', example: 'https://example.com/alice.jpg' });

const email = z
  .string()
  .max(254)
  .regex(/^[^\p{C}\s@]+@[^\p{C}\s@]+$/u, 'must be an e-mail address')
  .openapi({ format: 'email', pattern: '^[^\\s@]+@[^\\s@]+$', example: 'alice@example.com' });

const locale = z
  .string()
  .max(35)
  .transform((text, ctx) => {
    const known = canonicalLocale(text);
    if (known !== undefined) return known;
    ctx.addIssue({ code: 'custom', message: 'must be a language tag such as `en` or `pt-BR`' });
    return z.NEVER;
  })
  .openapi({ description: 'A BCP 47 language tag.', example: 'en' });

const role = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,31}$/, 'must be 1 to 32 of a-z, 0-9, _ and -, a letter first')
  .openapi({ description: 'Your own word for what the person is.', example: 'member' });

const profile = z.object({
  name: parsedText(parseName).openapi({
    minLength: 1,
    maxLength: limits.nameCodePoints,
    example: 'Alice',
  }),
  avatar_url: avatarUrl.nullable().optional(),
  email: email.nullable().optional(),
  locale: locale.nullable().optional(),
  role: role.optional(),
});

const absentStays = 'An absent field stays as it is, null clears it.';

export const userProfileSchema = profile.openapi('UserProfile', { description: absentStays });

/** People in one `PUT /v1/users`. */
export const usersPerPut = 1_000;

export const userProfilesSchema = z
  .object({
    users: z
      .array(
        profile
          .extend({ id: userId.openapi({ description: "Your product's own id.", ...idBounds }) })
          .openapi('UserProfileWithId', { description: absentStays }),
      )
      .min(1)
      .max(usersPerPut),
  })
  .openapi('UserProfiles');

export const userRecordSchema = z
  .object({
    id: z.string().openapi({ example: 'alice' }),
    name: z.string().openapi({ example: 'Alice' }),
    avatar_url: z.string().nullable(),
    email: z.string().nullable(),
    locale: z.string().nullable(),
    role: z.string().openapi({ example: 'member' }),
    created_at: time,
    updated_at: time.openapi({ description: 'When name or picture last changed.' }),
    deactivated_at: time.nullable().openapi({ description: 'Since when the person is shut out.' }),
    tokens_valid_from: time
      .nullable()
      .openapi({ description: 'Tokens issued before this are dead.' }),
  })
  .openapi('User');

function isPictureUrl(text: string): boolean {
  if (!plain.test(text) || !URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return /^https?:$/.test(protocol) && username === '' && password === '';
}

function canonicalLocale(text: string): string | undefined {
  try {
    return Intl.getCanonicalLocales(text)[0];
  } catch {
    // Its RangeError says only what the issue says better.
    return undefined;
  }
}
