import { createHash } from 'node:crypto';
import { TransportProblems } from '../../core/config/transport-problems.js';
import type { Problems } from '../../core/config/problems.js';
import type { Clock } from '../../core/runtime/clock.js';
import type { Duration } from '../../core/runtime/duration.js';
import { systemClock } from '../../core/runtime/system-clock.js';
import type { Violation } from '../../core/transport/transport.js';
import { PROFILES, type RocketmqProfile } from './profile.js';
import { parseEndpoints, type Endpoint } from './wire/endpoint.js';
import { readTls, type RocketmqTls } from './wire/tls.js';

export interface RocketmqOptions {
  /**
   * Host and port of the proxy, `'mq.internal:8081'`; several as a list or with semicolons between. The port must be
   * given: 8081 for Apache's proxy, 8080 or 8081 at Alibaba Cloud. No scheme: `tls` decides.
   */
  endpoints: string | readonly string[];
  /** Needed where the broker asks for them. At Alibaba Cloud: user name and password of the instance, not an AccessKey. */
  credentials?: RocketmqCredentials;
  /** At Alibaba Cloud the instance id, for serverless instances over the internet. Apache's proxy ignores it. Default: none. */
  namespace?: string;
  /**
   * What this broker is called in the outbox, whose rows only those send that call theirs the same. Default: its address.
   * Give it a name where processes reach one broker by different addresses, and before its address changes.
   */
  identity?: string;
  /** Encrypts the connection; an object for certificates of your own. Default `false`. */
  tls?: boolean | RocketmqTls;
  /** Whose limits apply: `'apache'` (default) or `'aliyun'`. */
  profile?: RocketmqProfile;
  /**
   * The consumer group that reads what the broker gives up on, the topics `%DLQ%<group>`, so that it becomes a parked message in
   * `mq_error_log`. It must exist at the broker with a `retryMaxTimes` far above those of the groups themselves, say 1,000:
   * a dead letter brings its deliveries along, and a group that allows no more of them puts it back unread. One for all
   * applications will do. Default: none, dead letters stay at the broker.
   */
  deadLetterGroup?: string;
  /** How long a connection may take to be made, and a short call that carries no message. Default `'3s'`. */
  connectTimeout?: Duration;
  /** How long sending one message may take. Default `'5s'`. With twice `connectTimeout` it may be two thirds of `reproduce.lease`. */
  requestTimeout?: Duration;
  /** The largest body that a compressed message of another producer may unpack to; larger ones are parked as they came. Default 8 MiB. */
  maxUnpackedBytes?: number;
  /** For tests. Default: the system's. */
  clock?: Clock;
}

export interface RocketmqCredentials {
  accessKey: string;
  accessSecret: string;
  /** Of temporary credentials. */
  securityToken?: string;
}

/** Options after checking. Of no use while there are problems. */
export interface ResolvedRocketmqOptions {
  readonly accessPoints: readonly Endpoint[];
  readonly credentials: RocketmqCredentials | null;
  readonly identity: string;
  readonly namespace: string;
  readonly tls: RocketmqTls | null;
  readonly profile: RocketmqProfile;
  readonly deadLetterGroup: string | null;
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly maxUnpackedBytes: number;
  readonly clock: Clock;
}

const MAX_IDENTITY = 255;
const KNOWN = [
  'endpoints',
  'credentials',
  'identity',
  'namespace',
  'tls',
  'profile',
  'deadLetterGroup',
  'connectTimeout',
  'requestTimeout',
  'maxUnpackedBytes',
  'clock',
] as const;

/** Never throws: what is wrong is told by the second part of the answer, everything at once. */
export function resolveRocketmqOptions(options: RocketmqOptions): [ResolvedRocketmqOptions, Violation[]] {
  const problems = new TransportProblems();
  if ((options as unknown) === undefined) problems.add('transport', 'rocketmq() needs options: endpoints');
  const raw = problems.object('transport', options, KNOWN);
  const accessPoints = readEndpoints(problems, raw['endpoints']);
  const namespace = readNamespace(problems, raw['namespace']);
  const resolved: ResolvedRocketmqOptions = {
    accessPoints,
    credentials: readCredentials(problems, raw['credentials']),
    identity: problems.text('transport.identity', raw['identity']) || identityOf(accessPoints, namespace),
    namespace,
    tls: readTls(problems, raw['tls']),
    profile: readProfile(problems, raw['profile']),
    deadLetterGroup: readDeadLetterGroup(problems, raw['deadLetterGroup']),
    connectTimeoutMs: problems.duration('transport.connectTimeout', raw['connectTimeout'], '3s', { min: 1 }),
    requestTimeoutMs: problems.duration('transport.requestTimeout', raw['requestTimeout'], '5s', { min: 1 }),
    maxUnpackedBytes: problems.count('transport.maxUnpackedBytes', raw['maxUnpackedBytes'], 8_388_608, 1_073_741_824),
    clock: (raw['clock'] as Clock | undefined) ?? systemClock,
  };
  return [resolved, problems.violations];
}

function readEndpoints(problems: Problems, value: unknown): Endpoint[] {
  const path = 'transport.endpoints';
  const list = typeof value === 'string' ? value.split(';') : Array.isArray(value) ? (value as unknown[]) : null;
  if (value === undefined || value === '') problems.add(path, "is required, e.g. 'mq.internal:8081'");
  else if (!list?.every((part): part is string => typeof part === 'string')) {
    problems.add(path, 'must be a text or a list of texts');
  } else {
    const parts = list.map((part) => part.trim()).filter((part) => part !== '');
    const [endpoints, wrong] = parseEndpoints(parts);
    for (const problem of wrong) problems.add(path, problem);
    if (parts.length === 0) problems.add(path, 'is empty');
    return endpoints;
  }
  return [];
}

function readCredentials(problems: Problems, value: unknown): RocketmqCredentials | null {
  const path = 'transport.credentials';
  if (value === undefined) return null;
  // Not shown: what is here instead of an object may well be the secret.
  const isObject = typeof value === 'object' && value !== null;
  if (!isObject) problems.add(path, 'must be an object: accessKey, accessSecret');
  const raw = problems.object(path, isObject ? value : {}, ['accessKey', 'accessSecret', 'securityToken']);
  for (const key of ['accessKey', 'accessSecret', 'securityToken']) {
    const text = raw[key];
    if (text === undefined || text === '') {
      if (key !== 'securityToken') problems.add(`${path}.${key}`, 'is required');
    } else if (typeof text !== 'string' || !/^[\u0021-\u007e]+$/.test(text)) {
      // What fits into a header: a key copied with its line end would only ever be a bad signature.
      problems.add(`${path}.${key}`, 'must be a text of visible ASCII characters; look for a blank or a line end');
    }
  }
  return raw as unknown as RocketmqCredentials;
}

function readNamespace(problems: Problems, value: unknown): string {
  const text = problems.text('transport.namespace', value);
  if (!/^[A-Za-z0-9_-]{0,128}$/.test(text))
    problems.add('transport.namespace', 'must be letters, digits, hyphens or underscores');
  return text;
}

function readDeadLetterGroup(problems: Problems, value: unknown): string | null {
  if (value === undefined) return null;
  const text = problems.text('transport.deadLetterGroup', value);
  if (!/^[%|a-zA-Z0-9_-]+$/.test(text))
    problems.add('transport.deadLetterGroup', 'must be letters, digits, hyphens or underscores');
  return text;
}

function readProfile(problems: Problems, value: unknown): RocketmqProfile {
  if (value === undefined) return 'apache';
  if (typeof value === 'string' && Object.hasOwn(PROFILES, value)) return value as RocketmqProfile;
  problems.add('transport.profile', `must be one of ${Object.keys(PROFILES).join(', ')}`);
  return 'apache';
}

/** The addresses in an order of their own, because whoever lists them in another means the same servers. */
function identityOf(accessPoints: readonly Endpoint[], namespace: string): string {
  const addresses = accessPoints.flatMap((endpoint) => endpoint.key.toLowerCase().split(';'));
  const all = addresses.sort().join(',') + (namespace && `/${namespace}`);
  return all.length <= MAX_IDENTITY ? all : createHash('sha256').update(all).digest('hex');
}
