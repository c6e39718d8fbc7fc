import type { Mutant } from '../kit/mutant.ts';

const tokens = 'packages/server/src/tokens';

/** Bugs that `jwt` finds. */
export const mutants: readonly Mutant[] = [
  {
    id: 'any-audience',
    bug: 'tokens for others are taken',
    file: `${tokens}/verify-token.ts`,
    find: '      audience,\n',
    replace: '',
    part: 'bad',
    failure: 'aud',
  },
  {
    id: 'long-leeway',
    bug: 'expired tokens are good for minutes more',
    file: `${tokens}/verify-token.ts`,
    find: 'const leewaySeconds = 5;',
    replace: 'const leewaySeconds = 5_000;',
    part: 'bad',
    failure: 'claims with',
  },
  {
    id: 'repeated-keys',
    bug: 'a claim may stand twice',
    file: `${tokens}/unverified-token.ts`,
    find: 'if (seen.has(key)) return true;',
    replace: '',
    part: 'bad',
    failure: 'twice',
  },
  {
    id: 'second-spelling',
    bug: 'a token has a second spelling',
    file: `${tokens}/unverified-token.ts`,
    find: "return bytes.toString('base64url') === part ? bytes : undefined;",
    replace: 'return bytes;',
    part: 'bad',
    failure: 'another spelling',
  },
];
