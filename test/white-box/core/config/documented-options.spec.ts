import { MqError, type MqOptions } from 'nestjs-reliable-mq';
import { memoryTransport } from 'nestjs-reliable-mq/testing';
import { resolveOptions } from '../../../../libs/mq/src/core/config/resolve-options.js';
import type { ResolvedGroup, ResolvedOptions } from '../../../../libs/mq/src/core/config/resolved-options.js';
import {
  type AliyunHttpOptions,
  resolveAliyunHttpOptions,
} from '../../../../libs/mq/src/transports/aliyun-http/options.js';
import { resolveRocketmqOptions, type RocketmqOptions } from '../../../../libs/mq/src/transports/rocketmq/options.js';
import { readPage, tableRows } from '../../../support/pages.js';

const page = readPage('docs/reference/configuration.md');
const transport = memoryTransport();

interface Factory {
  readonly column: string;
  readonly required: object;
  readonly resolve: (options: object) => readonly [unknown, readonly { path: string; problem: string }[]];
}

const FACTORIES: readonly (readonly [string, Factory])[] = [
  [
    'aliyunHttp()',
    {
      column: 'HTTP option',
      required: { endpoint: 'https://example.com', accessKeyId: 'a', accessKeySecret: 's' },
      resolve: (options) => resolveAliyunHttpOptions(options as AliyunHttpOptions),
    },
  ],
  [
    'rocketmq()',
    {
      column: 'gRPC option',
      required: { endpoints: 'example.com:8081' },
      resolve: (options) => resolveRocketmqOptions(options as RocketmqOptions),
    },
  ],
];

/** Options of a table by name, with the text of their default. */
function documented(firstColumn: string): Map<string, string> {
  const rows = tableRows(page, firstColumn);
  return new Map(rows.map((row) => [row[firstColumn]!.replaceAll('`', ''), row['Default']!]));
}

/** What the code knows at a path: asked with an option that it does not know, it lists those that it does. */
function knownAt(path: string[], problems: (options: object) => readonly string[]): string[] {
  const options = path.reduceRight<object>((inner, key) => ({ [key]: inner }), { noSuchOption: true });
  const where = [...path, 'noSuchOption'].join('.');
  const found = problems(options).find((problem) => problem.startsWith(`${where}: `));
  return /known here: (.*)$/.exec(found ?? '')![1]!.split(', ');
}

function problemsOf(options: object): readonly string[] {
  try {
    resolveOptions({ transport, ...options } as MqOptions, { connection: 'default', poolSize: 10 });
  } catch (error) {
    return (error as MqError).details['problems'] as string[];
  }
  return [];
}

const sorted = (names: Iterable<string>): string[] => [...names].sort();

describe('docs/reference/configuration.md', () => {
  it('lists every option, and no other', () => {
    const top = knownAt([], problemsOf);
    const nested = ['publish', 'reproduce', 'consume', 'retention', 'shutdown', 'log'];
    const known = top.flatMap((key) =>
      nested.includes(key) ? knownAt([key], problemsOf).map((inner) => `${key}.${inner}`) : [key],
    );
    expect(sorted(documented('Option').keys())).toEqual(sorted(known));
  });

  it.each([
    ['Topic option', 'topics'],
    ['Group option', 'groups'],
  ])('lists every %s, and no other', (column, map) => {
    expect(sorted(documented(column).keys())).toEqual(sorted(knownAt([map, 'alias'], problemsOf)));
  });

  it.each(FACTORIES)('lists every option of %s, and no other', (_, { column, resolve }) => {
    const problems = (options: object): string[] =>
      resolve({ noSuchOption: true, ...options })[1].map(
        ({ path, problem }) => `${path.replace('transport.', '')}: ${problem}`,
      );
    expect(sorted(documented(column).keys())).toEqual(sorted(knownAt([], problems)));
  });

  it('says what stands beside the factory', () => {
    const besides: Record<keyof import('nestjs-reliable-mq').MqConnectionOptions, true> = {
      name: true,
      dataSource: true,
      isGlobal: true,
      tables: true,
    };
    expect(sorted(documented('Connection option').keys())).toEqual(sorted(Object.keys(besides)));
  });

  it('says the defaults that the code has', () => {
    const asDocumented = withDefaults('Option');
    const alias = { topics: { t: { topic: 't' } }, groups: { g: { groupId: 'g' } } };
    const written = {
      ...asDocumented,
      topics: { t: { topic: 't', ...withDefaults('Topic option') } },
      groups: alias.groups,
    };
    expect(Object.keys(asDocumented).length).toBeGreaterThan(8);
    expect(resolved(written)).toEqual(resolved(alias));
  });

  it.each(FACTORIES)('says the defaults that %s has', (_, { column, required, resolve }) => {
    const [written, problems] = resolve({ ...required, ...withDefaults(column) });
    expect(problems).toEqual([]);
    expect(written).toEqual(resolve(required)[0]);
  });
});

/** The options of a table with the defaults that are written there as code, as a user would write them. */
function withDefaults(column: string): Record<string, unknown> {
  const options: Record<string, unknown> = {};
  for (const [name, cell] of documented(column)) {
    const literal = /^`(.*)`$/.exec(cell)?.[1];
    if (literal === undefined || /^[a-z]+\./.test(literal)) continue;
    const value: unknown = JSON.parse(literal.replaceAll("'", '"').replace(/(\w+):/g, '"$1":'));
    const [outer, inner] = name.split('.') as [string, string | undefined];
    if (inner === undefined) options[outer] = value;
    else options[outer] = { ...(options[outer] as object | undefined), [inner]: value };
  }
  return options;
}

/** Resolved options as plain data: a backoff is what it answers for a few attempts. */
function resolved(options: object): unknown {
  const random = (): number => 0.5;
  const result: ResolvedOptions = resolveOptions({ transport, ...options } as MqOptions, {
    connection: 'default',
    poolSize: 10,
    random,
  });
  const group = result.groups.get('g') as ResolvedGroup;
  return {
    ...result,
    reproduce: { ...result.reproduce, backoff: pauses(result.reproduce.backoff) },
    groups: { ...group, backoff: pauses(group.backoff) },
  };
}

function pauses(backoff: ResolvedGroup['backoff']): unknown[] {
  const failure = { side: 'publish', maxAttempts: 99, error: null, messageId: 'm', topic: 't' } as const;
  return [1, 2, 5, 20].map((attempt) => backoff({ ...failure, attempt }));
}
