import { TransportProblems } from '../../core/config/transport-problems.js';
import type { Problems } from '../../core/config/problems.js';
import type { Clock } from '../../core/runtime/clock.js';
import type { Duration } from '../../core/runtime/duration.js';
import { systemClock } from '../../core/runtime/system-clock.js';
import type { Violation } from '../../core/transport/transport.js';
import { isSecret, type Credentials, type ProvidedCredentials } from './wire/credentials.js';

export interface AliyunHttpOptions {
  /** HTTP endpoint of the account, scheme and host: `'https://1234.mqrest.cn-hangzhou.aliyuncs.com'`. */
  endpoint: string;
  /** Required unless `credentials` is given. */
  accessKeyId?: string;
  /** Required unless `credentials` is given. */
  accessKeySecret?: string;
  /** Of temporary credentials (STS) that outlive the process; otherwise use `credentials`. */
  securityToken?: string;
  /**
   * Where credentials come from that change. Asked on first use, before `expiresAt`, and once when the broker refuses
   * what it answered last; callers at the same time share one call of it.
   */
  credentials?: () => Promise<ProvidedCredentials>;
  /**
   * What this broker is called in the outbox, whose rows only those send that call theirs the same. Default: its address, and
   * `instanceId` if there is one, since topics of another instance are other topics.
   * Give it a name where processes reach one broker by different addresses, and before its address changes.
   */
  identity?: string;
  /** Instance of topics and groups that name none. Default: none, for accounts whose names need no instance. */
  instanceId?: string;
  /** How long a connection may take to be made, TLS included. Default `'5s'`. */
  connectTimeout?: Duration;
  /** How long a send or an acknowledgement may take altogether. Default `'10s'`; two thirds of `reproduce.lease` at most. */
  requestTimeout?: Duration;
  /** How long a poll may take beyond the wait that it asked for. Default `'5s'`. */
  pollTimeout?: Duration;
  /** Sockets for sending and acknowledging. Each subscription polls on one more of its own. Default 64. */
  maxSockets?: number;
  /** The largest answer to a poll that is read: 16 messages of 4 MiB in the worst case. Default 128 MiB. Others may have 256 KiB. */
  maxResponseBytes?: number;
  /** For tests. Default: the system's. */
  clock?: Clock;
}

/** Options after checking. Of no use while there are problems. */
export interface ResolvedAliyunHttpOptions {
  readonly origin: string;
  readonly credentials: Credentials | (() => Promise<ProvidedCredentials>);
  readonly identity: string;
  readonly instanceId: string | null;
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly pollTimeoutMs: number;
  readonly maxSockets: number;
  readonly maxResponseBytes: number;
  readonly clock: Clock;
}

const KNOWN: readonly string[] = [
  'endpoint',
  'accessKeyId',
  'accessKeySecret',
  'securityToken',
  'credentials',
  'identity',
  'instanceId',
  'connectTimeout',
  'requestTimeout',
  'pollTimeout',
  'maxSockets',
  'maxResponseBytes',
  'clock',
];

/** Never throws: what is wrong is told by the second part of the answer, everything at once. */
export function resolveAliyunHttpOptions(options: AliyunHttpOptions): [ResolvedAliyunHttpOptions, Violation[]] {
  const problems = new TransportProblems();
  if ((options as unknown) === undefined)
    problems.add('transport', 'aliyunHttp() needs options: endpoint, accessKeyId, accessKeySecret');
  const raw = problems.object('transport', options, KNOWN);
  const read = (key: string): [string, unknown] => [`transport.${key}`, raw[key]];
  const origin = readEndpoint(problems, ...read('endpoint'));
  const instanceId = readInstanceId(problems, ...read('instanceId'));
  const address = origin.replace(/^https?:\/\//, '');
  const resolved: ResolvedAliyunHttpOptions = {
    origin,
    identity: problems.text(...read('identity')) || (instanceId === null ? address : `${address}/${instanceId}`),
    credentials: readCredentials(problems, raw),
    instanceId,
    connectTimeoutMs: problems.duration(...read('connectTimeout'), '5s', { min: 1 }),
    requestTimeoutMs: problems.duration(...read('requestTimeout'), '10s', { min: 1 }),
    pollTimeoutMs: problems.duration(...read('pollTimeout'), '5s', { min: 1 }),
    maxSockets: problems.count(...read('maxSockets'), 64),
    maxResponseBytes: problems.count(...read('maxResponseBytes'), 134_217_728, Number.MAX_SAFE_INTEGER),
    clock: (raw['clock'] as Clock | undefined) ?? systemClock,
  };
  return [resolved, problems.violations];
}

/**
 * Scheme and host alone. A path would be sent but not signed, a slash at the end would be signed and sent differently,
 * and without a scheme the SDK would take the request to localhost.
 */
function readEndpoint(problems: Problems, path: string, value: unknown): string {
  if (value === undefined || value === '') {
    problems.add(path, "is required, e.g. 'https://1234.mqrest.cn-hangzhou.aliyuncs.com'");
    return '';
  }
  const url = typeof value === 'string' && /^https?:\/\/[^/\s]/i.test(value) ? tryUrl(value) : null;
  if (!url) problems.add(path, "must be a URL that begins with 'http://' or 'https://'");
  else if (url.username || url.password) problems.add(path, 'must not contain credentials');
  else if (
    url.pathname !== '/' ||
    url.search ||
    url.hash ||
    (value as string).includes('?') ||
    (value as string).includes('#')
  )
    problems.add(path, 'must be scheme and host alone, without a path, a query or a fragment');
  else return url.origin;
  return '';
}

function tryUrl(value: string): URL | null {
  return URL.canParse(value) ? new URL(value) : null;
}

function readCredentials(problems: Problems, raw: Record<string, unknown>): ResolvedAliyunHttpOptions['credentials'] {
  const fixed = ['accessKeyId', 'accessKeySecret', 'securityToken'] as const;
  const provider = problems.function<() => Promise<ProvidedCredentials>>('transport.credentials', raw['credentials']);
  if (raw['credentials'] !== undefined) {
    for (const key of fixed) {
      if (raw[key] !== undefined) problems.add(`transport.${key}`, 'and transport.credentials exclude each other');
    }
    return provider ?? (() => Promise.reject(new Error('no provider')));
  }
  for (const key of fixed) {
    const value = raw[key];
    if (value === undefined || value === '') {
      if (key !== 'securityToken') problems.add(`transport.${key}`, 'is required, or transport.credentials');
    } else if (!isSecret(value)) {
      problems.add(
        `transport.${key}`,
        'must be a text of visible ASCII characters; look for a blank or a line end around it',
      );
    }
  }
  return {
    accessKeyId: raw['accessKeyId'] as string,
    accessKeySecret: raw['accessKeySecret'] as string,
    securityToken: (raw['securityToken'] as string | undefined) || undefined,
  };
}

function readInstanceId(problems: Problems, path: string, value: unknown): string | null {
  const text = problems.text(path, value);
  if (text !== '' && !/^[A-Za-z0-9_-]{1,64}$/.test(text))
    problems.add(path, 'must be 1 to 64 letters, digits, hyphens or underscores');
  return text === '' ? null : text;
}
