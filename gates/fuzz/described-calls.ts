import { newId } from '@parley/protocol';
import type { World } from './world.ts';

/** A call as the server's own description has it, with a good value for everything. */
export interface DescribedCall {
  readonly operation: string;
  readonly method: string;
  /** With `{id}` where something is to be named. */
  readonly path: string;
  readonly names: readonly string[];
  readonly queries: readonly string[];
  readonly body: unknown;
  readonly bearer: string | undefined;
}

type Json = Readonly<Record<string, unknown>>;

/** Good values, by the name of a field; an address inside is refused without being asked for. */
function knownValues({ sample, tenant }: World): Json {
  return {
    id: newId(),
    conversation: newId(),
    kind: 'group',
    members: [sample.member],
    user: sample.member,
    role: 'member',
    url: 'https://10.0.0.1/keys.json',
    scopes: ['users'],
    expires_in: 60,
    expires_at: '2030-01-01T00:00:00Z',
    algorithm: 'HS256',
    reply_to: null,
    tenant: tenant.id,
  };
}

/** Every call of /openapi.json. */
export async function describedCalls(world: World): Promise<DescribedCall[]> {
  const { body } = await world.installed.call('GET', '/openapi.json');
  const document = asObject(body);
  return Object.entries(asObject(document['paths'])).flatMap(([path, methods]) =>
    Object.entries(asObject(methods)).map(([method, one]) => {
      const operation = asObject(one);
      const parameters = asArray(operation['parameters']).map((parameter) =>
        asObject(resolve(document, parameter)),
      );
      const inPlace = (place: string) =>
        parameters.filter((parameter) => parameter['in'] === place).map(({ name }) => String(name));
      const content = asObject(asObject(operation['requestBody'])['content']);
      const schema = asObject(content['application/json'])['schema'];
      return {
        operation: String(operation['operationId']),
        method: method.toUpperCase(),
        path,
        names: inPlace('path'),
        queries: inPlace('query'),
        body: schema === undefined ? undefined : sampleOf(world, document, schema),
        bearer: bearerOf(world, asArray(operation['security'])),
      };
    }),
  );
}

/** The credential that the first way in asks for. */
function bearerOf({ installed, tenant, sample }: World, security: readonly unknown[]) {
  for (const way of security.map(asObject)) {
    if ('operatorKey' in way) return installed.operatorKey;
    if ('apiKey' in way) return tenant.apiKey;
    if ('userToken' in way) return sample.token;
  }
  return undefined;
}

function sampleOf(world: World, document: Json, reference: unknown, name = ''): unknown {
  const known = knownValues(world);
  if (Object.hasOwn(known, name)) return known[name];
  const schema = asObject(resolve(document, reference));
  if ('example' in schema) return schema['example'];
  const [first] = [
    ...asArray(schema['oneOf']),
    ...asArray(schema['anyOf']),
    ...asArray(schema['allOf']),
  ];
  if (first !== undefined) return sampleOf(world, document, first, name);
  const [one] = asArray(schema['enum']);
  if (one !== undefined) return one;
  if ('const' in schema) return schema['const'];
  const [type] = [schema['type']].flat();
  switch (type) {
    case 'object':
      return Object.fromEntries(
        Object.entries(asObject(schema['properties'])).map(([key, property]) => [
          key,
          sampleOf(world, document, property, key),
        ]),
      );
    case 'array':
      return [sampleOf(world, document, schema['items'])];
    case 'integer':
    case 'number':
      return 1;
    case 'boolean':
      return true;
    default:
      return 'x';
  }
}

function resolve(document: Json, value: unknown): unknown {
  const { $ref } = asObject(value);
  if (typeof $ref !== 'string') return value;
  let found: unknown = document;
  for (const key of $ref.slice(2).split('/')) found = asObject(found)[key];
  return found;
}

function asObject(value: unknown): Json {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
