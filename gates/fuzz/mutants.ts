import type { Mutant } from '../kit/mutant.ts';

const server = 'packages/server/src';

/** Bugs that `fuzz` finds. */
export const mutants: readonly Mutant[] = [
  {
    id: 'any-type',
    bug: 'a field is read as text without being asked whether it is',
    file: 'packages/protocol/src/field.ts',
    find: "typeof value === 'string' && isUserId(value)",
    replace: 'isUserId(value as string)',
    part: 'frames',
    failure: 'TypeError',
  },
  {
    id: 'any-type-live',
    bug: 'such a field is answered as a fault of the server',
    file: 'packages/protocol/src/field.ts',
    find: "typeof value === 'string' && isUserId(value)",
    replace: 'isUserId(value as string)',
    part: 'type confusion',
    failure: 'the server failed: internal',
  },
  {
    id: 'any-tenant',
    bug: 'a token may name anything as its tenant',
    file: `${server}/tokens/unverified-token.ts`,
    find: "if (typeof tenant !== 'string' || !isTenantId(tenant)) return undefined;",
    replace: '',
    part: 'tokens',
    failure: 'it lets through: the tenant',
  },
  {
    id: 'no-json',
    bug: 'a body that is no JSON is a fault of the server',
    file: `${server}/http/check-json.ts`,
    find: "throw new ParleyError('bad_request', { message: 'The body is not JSON.', cause });",
    replace: 'throw cause;',
    part: 'calls',
    failure: 'answered with 500',
  },
  {
    id: 'slow-pattern',
    bug: 'a name of many blanks takes seconds',
    file: 'packages/protocol/src/text.ts',
    find: 'replace(/\\s+/gu',
    replace: 'replace(/\\s+$/gu',
    part: 'heavy inputs',
    failure: 'a name of blanks takes',
  },
  {
    id: 'uncaught',
    bug: 'a frame that is none ends the process',
    file: `${server}/gateway/gateway.ts`,
    find: "socket.on('error', (error) =>",
    replace: "socket.on('never', (error: Error) =>",
    part: 'any bytes',
    failure: 'the server ended',
  },
];
