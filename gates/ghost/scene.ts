import type { Run } from '../kit/run.ts';
import type { Person, Tenant } from '../kit/tenant.ts';
import type { Node, Topology } from '../kit/topology.ts';

/** Three nodes and a tenant with these people. */
export interface Scene {
  readonly run: Run;
  readonly cluster: Topology;
  readonly nodes: readonly [Node, Node, Node];
  readonly tenant: Tenant;
  readonly users: readonly string[];
}

/** Makes a tenant for a part: people `u0`, `u1`, ..., and some who watch. */
export async function setScene(run: Run, cluster: Topology, count: number): Promise<Scene> {
  const [a, b, c] = cluster.nodes;
  if (a === undefined || b === undefined || c === undefined) throw new Error('three nodes, please');
  const tenant = await cluster.tenant(watcherNames);
  const users = Array.from({ length: count }, (_, index) => `u${index}`);
  const { status, text } = await cluster.call('PUT', '/v1/users', {
    bearer: tenant.apiKey,
    body: { users: users.map((id) => ({ id, name: id })) },
  });
  if (status !== 200) throw new Error(`${status} ${text}`);
  return { run, cluster, nodes: [a, b, c], tenant, users };
}

const watcherNames = ['watch0', 'watch1', 'watch2', 'watch3'] as const;

/** Connects these people to a node, some at a time. */
export async function connectAll(
  { tenant }: Pick<Scene, 'tenant'>,
  node: Node,
  users: readonly string[],
): Promise<Map<string, Person>> {
  const people = new Map<string, Person>();
  const waiting = [...users];
  const connect = async () => {
    for (let user = waiting.pop(); user !== undefined; user = waiting.pop()) {
      people.set(user, await tenant.connect(user, node.socketUrl));
    }
  };
  await Promise.all(Array.from({ length: 40 }, connect));
  return people;
}

export function endAll(people: Iterable<Person>): void {
  for (const person of people) person.terminate();
}

/** The first few of many names. */
export function some(names: readonly string[]): string {
  const more = names.length > 3 ? ` and ${names.length - 3} more` : '';
  return `${names.slice(0, 3).join(', ')}${more}`;
}
