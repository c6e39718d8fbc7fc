import type { BlockList } from 'node:net';
import { OperatorError } from '../operator-error.ts';
import {
  type LogLevel,
  parseAddresses,
  parseDatabaseUrl,
  parseFlag,
  parseHost,
  parseHosts,
  parseKey,
  parseLogLevel,
  parseOrigins,
  parsePort,
  parsePublicUrl,
  parseRateScale,
  parseRedisUrl,
} from './config-values.ts';
import { Environment, type Variables } from './environment.ts';
import { Secret } from './secret.ts';

/** Everything the environment decides; made once, by `readConfig`. Secrets print masked. */
export interface Config {
  /** 0 takes any free port. */
  readonly port: number;
  readonly host: string;
  /** Where browsers reach this server, without a slash at the end; it may have a path prefix. */
  readonly publicUrl: string | undefined;
  /** Unset: the embedded PostgreSQL. */
  readonly databaseUrl: Secret | undefined;
  /** One Redis, or servers of a cluster with commas between them; unset: this is the only node. */
  readonly redisUrl: Secret | undefined;
  readonly dataDir: {
    readonly path: string;
    /** Set by the operator, so never silently replaced by another folder. */
    readonly explicit: boolean;
  };
  readonly operatorKey: Secret | undefined;
  readonly secretKey: Secret | undefined;
  readonly demo: boolean;
  /** Origins, such as `https://app.example`, whose pages may connect for every tenant. */
  readonly allowedOrigins: readonly string[];
  /** Whose `X-Forwarded-*` headers are believed. */
  readonly trustedProxies: BlockList;
  /** `host:port` pairs that tenants' addresses may lead to wherever they are, also without TLS. */
  readonly privateHosts: readonly string[];
  readonly logLevel: LogLevel;
  /** Multiplies every rate limit; 0 turns them off. */
  readonly rateScale: number;
}

/** Wrong environment variables: one line each. No line holds a secret's value. */
export class ConfigError extends OperatorError {
  readonly lines: readonly string[];

  constructor(lines: readonly string[]) {
    super(`The configuration is wrong:\n${lines.map((line) => `  ${line}`).join('\n')}`);
    this.name = 'ConfigError';
    this.lines = lines;
  }
}

/**
 * Reads the environment. An empty variable counts as unset.
 *
 * A secret may instead be in a file that `<NAME>_FILE` names. Answers what to warn of beside the
 * configuration; throws one `ConfigError` with everything that is wrong.
 */
export function readConfig(variables: Variables): { config: Config; warnings: string[] } {
  const env = new Environment(variables);
  const dataDir = env.read('PARLEY_DATA_DIR');
  const config: Config = {
    port: env.parse('PORT', parsePort) ?? 8080,
    host: env.parse('HOST', parseHost) ?? '127.0.0.1',
    publicUrl: env.parse('PUBLIC_URL', parsePublicUrl),
    databaseUrl: secret(env.parseSecret('DATABASE_URL', parseDatabaseUrl)),
    redisUrl: secret(env.parseSecret('REDIS_URL', parseRedisUrl)),
    dataDir: { path: dataDir ?? './data', explicit: dataDir !== undefined },
    operatorKey: secret(env.parseSecret('PARLEY_OPERATOR_KEY', parseKey)),
    secretKey: secret(env.parseSecret('PARLEY_SECRET_KEY', parseKey)),
    demo: env.parse('PARLEY_DEMO', parseFlag) ?? false,
    allowedOrigins: env.parse('ALLOWED_ORIGINS', parseOrigins) ?? [],
    trustedProxies: env.parse('TRUSTED_PROXIES', parseAddresses) ?? parseAddresses(''),
    privateHosts: env.parse('PARLEY_PRIVATE_HOSTS', parseHosts) ?? [],
    logLevel: env.parse('LOG_LEVEL', parseLogLevel) ?? 'info',
    rateScale: env.parse('PARLEY_RATE_SCALE', parseRateScale) ?? 1,
  };
  if (env.problems.length > 0) throw new ConfigError(env.problems);
  return { config, warnings: [...weaknesses(config), ...env.unknown()] };
}

function secret(text: string | undefined): Secret | undefined {
  return text === undefined ? undefined : new Secret(text);
}

/** Shorter keys can be guessed; they are a warning only, for trials. */
const shortKey = 16;

function* weaknesses(config: Config): Iterable<string> {
  for (const [name, key] of [
    ['PARLEY_OPERATOR_KEY', config.operatorKey],
    ['PARLEY_SECRET_KEY', config.secretKey],
  ] as const) {
    if (key !== undefined && key.reveal().length < shortKey) {
      yield `${name} is shorter than ${shortKey} characters and can be guessed. Use a random one.`;
    }
  }
  if (config.demo && !loopback.test(config.host)) {
    yield `PARLEY_DEMO=1 with HOST=${config.host}: whoever reaches this server signs in as anybody ` +
      'of the example company. Set PARLEY_DEMO=0, or HOST=127.0.0.1.';
  }
}

/** Hosts that only this machine reaches. */
const loopback = /^(?:localhost|127\.\d+\.\d+\.\d+|::1)$/i;
