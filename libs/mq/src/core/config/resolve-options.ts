import { MqError } from '../errors/mq-error.js';
import { tryParseDuration } from '../runtime/duration.js';
import { nearest } from '../runtime/nearest.js';
import { systemRandom, type Random } from '../runtime/random.js';
import type { MqTransport } from '../transport/transport.js';
import type { GlobalEnhancer, MqLogger, MqOptions } from './options.js';
import { type Feature, mergeFeatures } from './merge-features.js';
import { Problems } from './problems.js';
import { resolveBackoff } from './resolve-backoff.js';
import { CONSUME_KEYS, resolveGroups } from './resolve-groups.js';
import { resolveOwners } from './resolve-owners.js';
import { checkOrdering, checkSettling, checkTopicNames, resolveTopics } from './resolve-topics.js';
import type { ResolvedOptions } from './resolved-options.js';

const KEYS = [
  'transport',
  'connections',
  'topics',
  'groups',
  'tagSuffix',
  'groupSuffix',
  'role',
  'migrate',
  'globalEnhancers',
  'publish',
  'reproduce',
  'consume',
  'retention',
  'shutdown',
  'log',
  'onAlert',
  'alertEvery',
];
const ROLES = ['all', 'api', 'worker', 'relay'];
const ENHANCERS: readonly GlobalEnhancer[] = ['guards', 'interceptors', 'pipes', 'filters'];
const REPRODUCE_BACKOFF = { base: '1s', cap: '10m' };

interface ResolveContext {
  /** Name of the connection. */
  readonly connection: string;
  /** Connections in the pool of the data source: each delivery holds one. */
  readonly poolSize: number;
  readonly random?: Random;
  /** What parts of the application bring for themselves. Default: nothing. */
  readonly features?: readonly Feature[];
}

/**
 * Checks a configuration as a whole and fills in the defaults.
 * @throws {MqError} `MQ_CONFIG_INVALID` with every problem and its path, in the message and in `details.problems`
 */
export function resolveOptions(options: MqOptions, context: ResolveContext): ResolvedOptions {
  const problems = new Problems();
  const random = context.random ?? systemRandom;
  const raw = problems.object('', options, KEYS);
  const transport = resolveTransport(problems, raw['transport']);
  const publish = problems.object('publish', raw['publish'], ['requireTransaction', 'correlationId']);
  const reproduce = problems.object('reproduce', raw['reproduce'], [
    'lease',
    'maxAttempts',
    'backoff',
    'batch',
    'idle',
    'memory',
    'onDeadKey',
  ]);
  const consume = problems.object('consume', raw['consume'], [...CONSUME_KEYS, 'maxInFlight', 'groups']);
  const retention = problems.object('retention', raw['retention'], ['sent', 'inbox', 'errors']);
  const shutdown = problems.object('shutdown', raw['shutdown'], ['drain']);
  const log = problems.object('log', raw['log'], ['produced', 'consumed', 'logger']);
  const tagSuffix = problems.text('tagSuffix', raw['tagSuffix']);
  const groupSuffix = problems.text('groupSuffix', raw['groupSuffix']);
  const { features = [] } = context;
  const topics = resolveTopics(problems, mergeFeatures(problems, 'topics', raw['topics'], features));
  const groups = resolveGroups(problems, mergeFeatures(problems, 'groups', raw['groups'], features), {
    suffix: groupSuffix,
    tagSuffix,
    defaults: consume,
    transport,
    random,
  });
  checkSettling(problems, topics, groups);
  checkOrdering(problems, topics, transport);
  checkTopicNames(problems, topics, transport);

  const resolved: ResolvedOptions = {
    connection: context.connection,
    transport: transport as MqTransport,
    owners: resolveOwners(
      problems,
      { connection: context.connection, broker: transport?.identity ?? '' },
      raw['connections'],
    ),
    topics,
    groups,
    tagSuffix,
    roles: resolveRoles(problems, raw['role']),
    migrate: problems.flag('migrate', raw['migrate'], false),
    globalEnhancers: resolveGlobalEnhancers(problems, raw['globalEnhancers']),
    requireTransaction: problems.flag('publish.requireTransaction', publish['requireTransaction'], true),
    correlationId: problems.function('publish.correlationId', publish['correlationId']),
    reproduce: {
      leaseMs: resolveLease(problems, reproduce['lease'], transport),
      maxAttempts: problems.count('reproduce.maxAttempts', reproduce['maxAttempts'], 10),
      backoff: resolveBackoff(problems, 'reproduce.backoff', reproduce['backoff'], REPRODUCE_BACKOFF, random),
      batch: problems.count('reproduce.batch', reproduce['batch'], 100, 5_000),
      idleMs: problems.duration('reproduce.idle', reproduce['idle'], '5s', { min: 10 }),
      onDeadKey: problems.oneOf('reproduce.onDeadKey', reproduce['onDeadKey'], ['block', 'skip'], 'block'),
      memoryBytes: problems.bytes('reproduce.memory', reproduce['memory'], '64MB', { min: 1_048_576 }),
    },
    consumeGroups: resolveConsumeGroups(problems, consume['groups'], [...groups.keys()]),
    maxInFlight: resolveMaxInFlight(problems, consume['maxInFlight'], context.poolSize),
    retention: {
      sentMs: isZero(retention['sent']) ? 0 : resolveRetention(problems, 'retention.sent', retention['sent'], '7d'),
      inboxMs: resolveRetention(problems, 'retention.inbox', retention['inbox'], '14d'),
      errorsMs: resolveRetention(problems, 'retention.errors', retention['errors'], '90d'),
    },
    drainMs: problems.duration('shutdown.drain', shutdown['drain'], '20s'),
    log: {
      produced: problems.flag('log.produced', log['produced'], false),
      consumed: problems.flag('log.consumed', log['consumed'], false),
      logger: resolveLogger(problems, log['logger']),
    },
    onAlert: problems.function('onAlert', raw['onAlert']),
    alertEveryMs: problems.duration('alertEvery', raw['alertEvery'], '10m'),
  };
  if (problems.list.length > 0) throw configError(context.connection, problems.list);
  return resolved;
}

/** One error for all problems, also for those that only show once handlers are known. */
export function configError(connection: string, problems: readonly string[]): MqError {
  const many = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  return new MqError(
    'MQ_CONFIG_INVALID',
    `The configuration of MqModule (connection '${connection}') has ${many}:\n${problems.map((line) => `  - ${line}`).join('\n')}`,
    { details: { connection, problems } },
  );
}

function resolveTransport(problems: Problems, value: unknown): MqTransport | null {
  const transport = value as Partial<MqTransport> | null | undefined;
  if (transport === undefined || transport === null) {
    problems.add('transport', "is required, e.g. aliyunHttp({ … }) from 'nestjs-reliable-mq/aliyun-http'");
    return null;
  }
  if (typeof transport.send !== 'function' || typeof transport.subscribe !== 'function' || !transport.capabilities) {
    problems.add('transport', 'is no transport; use what aliyunHttp(), memoryTransport() or your own factory returns');
    return null;
  }
  const found = transport.problems?.() ?? [];
  for (const { path, problem } of found) problems.add(path, problem);
  // One that is not configured yet may not know.
  if (found.length === 0 && !(typeof transport.identity === 'string' && /^.{1,255}$/.test(transport.identity)))
    problems.add('transport.identity', 'must tell this broker from others, in 1 to 255 characters');
  return transport as MqTransport;
}

function resolveRoles(problems: Problems, value: unknown): ResolvedOptions['roles'] {
  const listed: unknown[] = Array.isArray(value)
    ? value
    : typeof value === 'string'
      ? value.split(',')
      : [value ?? 'all'];
  const names = listed.map((name) => (typeof name === 'string' ? name.trim() : ''));
  if (names.length === 0) problems.add('role', `must name at least one of ${ROLES.join(', ')}`);
  for (const name of names) {
    if (!ROLES.includes(name)) problems.add('role', `'${name}' is no role; known: ${ROLES.join(', ')}`);
  }
  const has = (name: string): boolean => names.includes('all') || names.includes(name);
  return { relay: has('relay'), worker: has('worker') };
}

function resolveGlobalEnhancers(problems: Problems, value: unknown): readonly GlobalEnhancer[] {
  if (value === undefined || typeof value === 'boolean') return value === true ? ENHANCERS : [];
  if (Array.isArray(value) && value.every((kind) => ENHANCERS.includes(kind as GlobalEnhancer)))
    return value as GlobalEnhancer[];
  problems.add(
    'globalEnhancers',
    `must be true, false, or a list of ${ENHANCERS.map((kind) => `'${kind}'`).join(', ')}`,
  );
  return [];
}

/** A third of the lease, at least, is to begin sends in; whatever begins then has ended before the lease does. */
function resolveLease(problems: Problems, value: unknown, transport: MqTransport | null): number {
  const leaseMs = problems.duration('reproduce.lease', value, '30s', { min: 1_000 });
  const sendMs = transport?.sendMs ?? 0;
  const least = Math.ceil(sendMs * 1.5);
  if (leaseMs < least) {
    problems.add(
      'reproduce.lease',
      `${leaseMs} ms are too short for ${transport!.name}, where one send may take ${sendMs} ms by the timeouts of ` +
        `transport: what is under way when the lease ends is sent by a second process as well. Set it to ${least} ms ` +
        'at least, half as much again, or shorten the timeouts',
    );
  }
  return leaseMs;
}

/** As with roles, a list or a text with commas, as it comes from the environment. */
function resolveConsumeGroups(problems: Problems, value: unknown, known: readonly string[]): readonly string[] | null {
  if (value === undefined) return null;
  const listed: unknown[] = Array.isArray(value) ? value : typeof value === 'string' ? value.split(',') : [];
  const names = listed.map((name) => (typeof name === 'string' ? name.trim() : ''));
  if (names.length === 0) problems.add('consume.groups', 'must be a list of groups; leave it out for all of them');
  for (const name of names.filter((each) => !known.includes(each))) {
    const near = nearest(name, known);
    const hint = near === undefined ? '.' : `, did you mean '${near}'?`;
    problems.add('consume.groups', `no group '${name}' is configured${hint} Known: ${known.join(', ') || 'none'}`);
  }
  return names;
}

/** Half of the pool unless set, because publishers and the relay need connections too. */
function resolveMaxInFlight(problems: Problems, value: unknown, poolSize: number): number {
  const fallback = Math.max(1, Math.floor(poolSize / 2));
  const chosen = problems.count('consume.maxInFlight', value, fallback);
  if (value !== undefined && chosen > poolSize - 1) {
    problems.add(
      'consume.maxInFlight',
      `${chosen} deliveries at once hold ${chosen} connections, but the pool has ${poolSize} and one must stay free: ` +
        `raise the pool to ${chosen + 1}, or ${poolSize > 1 ? `set maxInFlight to ${poolSize - 1}` : 'leave maxInFlight out'}`,
    );
  }
  return chosen;
}

function resolveRetention(problems: Problems, path: string, value: unknown, fallback: string): number | null {
  return value === false ? null : problems.duration(path, value, fallback, { min: 1_000 });
}

/** No time at all, in any unit. A short one is refused, as a mistake. */
function isZero(value: unknown): boolean {
  if (typeof value !== 'string') return value === 0;
  return value === '0' || (Number.parseFloat(value) === 0 && tryParseDuration(value) === 0);
}

function resolveLogger(problems: Problems, value: unknown): MqLogger | null {
  if (value === undefined) return null;
  const logger = value as Partial<MqLogger> | null;
  if (typeof logger?.log === 'function' && typeof logger.warn === 'function' && typeof logger.error === 'function')
    return logger as MqLogger;
  problems.add('log.logger', 'must have log(), warn() and error(), like a LoggerService of Nest');
  return null;
}
