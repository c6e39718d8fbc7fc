import { isTenantId, limits } from '@parley/protocol';
import { isKid } from './kid.ts';

/** What names the key of a token. Nobody has vouched for it yet. */
export interface UnverifiedToken {
  readonly tenant: string;
  readonly kid: string;
}

const compact = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/;
// Where a token would say how it is to be read, or bring a key of its own. Nothing we take has them.
const refusedHeaders = ['crit', 'b64', 'jwk', 'jku', 'x5c', 'x5u'];

/**
 * Reads tenant and key id of a token that nobody has verified, or undefined.
 *
 * Also refuses here what the JWT standard allows but nothing we sign has: a second spelling of the
 * same token (spare base64 bits), repeated keys, `crit`, another `typ`, keys of the token's own.
 */
export function readUnverifiedToken(token: string): UnverifiedToken | undefined {
  if (token.length > limits.tokenBytes) return undefined;
  const [, head = '', body = '', signature = ''] = compact.exec(token) ?? [];
  if (signature === '' || decode(signature) === undefined) return undefined;
  const header = parseObject(head);
  const claims = parseObject(body);
  if (header === undefined || claims === undefined) return undefined;
  const { kid, typ } = header;
  const { tenant } = claims;
  if (!isKid(kid)) return undefined;
  if (typ !== undefined && typ !== 'JWT') return undefined;
  if (refusedHeaders.some((name) => Object.hasOwn(header, name))) return undefined;
  if (typeof tenant !== 'string' || !isTenantId(tenant)) return undefined;
  return { tenant, kid };
}

function parseObject(part: string): { readonly [key: string]: unknown } | undefined {
  const bytes = decode(part);
  if (bytes === undefined) return undefined;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    return hasRepeatedKey(text) ? undefined : { ...value };
  } catch {
    // Not UTF-8 or not JSON: not a token, and no more is said.
    return undefined;
  }
}

function decode(part: string): Buffer | undefined {
  const bytes = Buffer.from(part, 'base64url');
  return bytes.toString('base64url') === part ? bytes : undefined;
}

/** Whether a key stands twice at the top of a JSON object; `json` is known to be valid. */
function hasRepeatedKey(json: string): boolean {
  const seen = new Set<unknown>();
  let depth = 0;
  let last = '';
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]:]/gs)) {
    if (token === '{' || token === '[') depth++;
    else if (token === '}' || token === ']') depth--;
    else if (token === ':' && depth === 1) {
      const key: unknown = JSON.parse(last);
      if (seen.has(key)) return true;
      seen.add(key);
    }
    last = token;
  }
  return false;
}
