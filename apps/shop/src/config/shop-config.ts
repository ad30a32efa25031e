import { type Duration, type MqTransport, parseDuration } from 'nestjs-reliable-mq';
import { ConfigError } from './config-error.js';
import { TRANSPORTS } from './transports.js';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface ShopConfig {
  /** `postgres://…` or `mysql://…` */
  readonly databaseUrl: string;
  readonly transport: MqTransport;
  /** `MQ_SUFFIX`: ends every tag and every group id, which keeps environments apart that share one broker. Default: none. */
  readonly suffix: string;
  /** What starts in this process: `all`, `api`, `worker`, `relay`, or a comma list. */
  readonly role: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** When an order that is not paid by then is cancelled. */
  readonly paymentDue: Duration;
  /** How soon another process sends what a killed one was sending. */
  readonly reproduceLease: Duration;
}

/** Injection token of {@link ShopConfig}. */
export const SHOP_CONFIG = Symbol('SHOP_CONFIG');

/** @throws {ConfigError} with everything that is wrong, at once */
export function readConfig(env: Environment): ShopConfig {
  const problems: string[] = [];
  const config = {
    databaseUrl: readDatabaseUrl(env, problems),
    transport: readTransport(env, problems),
    suffix: env['MQ_SUFFIX'] ?? '',
    role: env['MQ_ROLE'] || 'all',
    port: readPort(env, problems),
    paymentDue: readDuration(env, 'SHOP_PAYMENT_DUE', '15m', problems),
    reproduceLease: readDuration(env, 'MQ_REPRODUCE_LEASE', '30s', problems),
  };
  if (problems.length > 0 || config.transport === undefined) throw new ConfigError(problems);
  return { ...config, transport: config.transport };
}

function readDatabaseUrl(env: Environment, problems: string[]): string {
  const url = env['DATABASE_URL'] ?? '';
  if (!/^(postgres|mysql):\/\//.test(url)) {
    problems.push('DATABASE_URL must begin with postgres:// or mysql://, e.g. postgres://user:password@127.0.0.1/shop');
  }
  return url;
}

function readTransport(env: Environment, problems: string[]): MqTransport | undefined {
  const name = env['MQ_TRANSPORT'] || 'aliyun-http';
  const make = TRANSPORTS.get(name);
  if (!make) problems.push(`MQ_TRANSPORT=${name} is not known; known: ${[...TRANSPORTS.keys()].join(', ')}`);
  return make?.(env, problems);
}

function readPort(env: Environment, problems: string[]): number {
  const text = env['PORT'] || '3000';
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) problems.push(`PORT=${text} is no port; 0 picks a free one`);
  return port;
}

function readDuration(env: Environment, name: string, fallback: string, problems: string[]): Duration {
  const text = env[name] || fallback;
  // What the environment holds is always text, and a bare number means milliseconds everywhere else.
  const duration = /^\d+$/.test(text) ? Number(text) : text;
  try {
    return parseDuration(duration);
  } catch (error) {
    problems.push(`${name}: ${(error as Error).message}`);
    return 0;
  }
}
