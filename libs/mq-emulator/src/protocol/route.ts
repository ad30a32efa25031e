import { TagFilter } from '../broker/tag-filter.js';
import { ProtocolError } from './protocol-error.js';

export const OPERATIONS = ['publish', 'consume', 'ack', 'consumeHalf', 'commit', 'rollback'] as const;
export type Operation = (typeof OPERATIONS)[number];

/** What a request line asks for. */
export interface Route {
  operation: Operation;
  topic: string;
  /** `''` when the request names none. */
  instance: string;
  group: string;
  /** Consuming only, as are those below. */
  max: number;
  waitMs: number;
  filter: TagFilter;
  ordered: boolean;
  /** What is wrong with it; reported only to those whose signature is right. */
  problem?: ProtocolError;
}

const PATH = /^\/topics\/([^/]+)\/messages$/;
const NAME = /^[A-Za-z0-9_|%-]+$/;
const TRANS: Record<string, Operation | undefined> = {
  'GET ': 'consume',
  'GET order': 'consume',
  'GET pop': 'consumeHalf',
  'DELETE ': 'ack',
  'DELETE commit': 'commit',
  'DELETE rollback': 'rollback',
  'POST ': 'publish',
};
const MAX_REQUEST_LINE = 1_024;
const MAX_TOPIC = 64;
const MAX_NAMES = 119;
const MAX_BATCH = 16;
const MAX_WAIT_SECONDS = 30;

/**
 * Reads method and request target.
 *
 * @throws ProtocolError when not even the operation can be told; what is wrong with an operation's parameters stands in
 * `problem`
 */
export function parseRoute(method: string, target: string): Route {
  const mark = target.indexOf('?');
  const topic = PATH.exec(decode(mark < 0 ? target : target.slice(0, mark)))?.[1];
  if (topic === undefined) {
    throw new ProtocolError(
      'InvalidRequestURL',
      `There is nothing at ${target}; requests go to /topics/{topic}/messages.`,
    );
  }
  const { query, problem } = parseQuery(mark < 0 ? '' : target.slice(mark + 1));
  const trans = query.get('trans') ?? '';
  const key = `${method} ${trans}`;
  const operation = Object.hasOwn(TRANS, key) ? TRANS[key] : undefined;
  if (!operation)
    throw new ProtocolError('InvalidRequestURL', `There is no operation ${method} with trans="${trans}".`);
  const route: Route = {
    operation,
    topic,
    instance: query.get('ns') ?? '',
    group: query.get('consumer') ?? '',
    max: Number(query.get('numOfMessages')),
    waitMs: 1_000 * Math.max(0, Number(query.get('waitseconds') ?? 0)),
    filter: TagFilter.parse(query.get('tag')),
    ordered: trans === 'order',
  };
  route.problem = problem ?? validate(route, query, `${method} ${target} HTTP/1.1`.length);
  return route;
}

function validate(route: Route, query: ReadonlyMap<string, string>, lineLength: number): ProtocolError | undefined {
  const { operation, topic, instance, group } = route;
  if (!NAME.test(topic) || topic.length > MAX_TOPIC) {
    return new ProtocolError('InvalidArgument', `"${topic}" is no topic name: up to 64 letters, digits, "_" and "-".`);
  }
  // The Go SDK commits with an empty group when it has no instance: the handle alone decides.
  const needsGroup = operation === 'consume' || operation === 'consumeHalf' || operation === 'ack';
  if ((needsGroup || group !== '') && !NAME.test(group)) {
    return new ProtocolError('InvalidArgument', `consumer="${group}" is no group id.`);
  }
  if (instance !== '' && !NAME.test(instance)) {
    return new ProtocolError('InvalidArgument', `ns="${instance}" is no instance id.`);
  }
  if (group.length + topic.length + instance.length > MAX_NAMES) {
    return new ProtocolError(
      'NotSupport',
      `Group, topic and instance are longer than ${MAX_NAMES} characters together.`,
    );
  }
  return operation === 'consume' || operation === 'consumeHalf' ? validatePoll(route, query, lineLength) : undefined;
}

function validatePoll(route: Route, query: ReadonlyMap<string, string>, lineLength: number): ProtocolError | undefined {
  if (lineLength > MAX_REQUEST_LINE) {
    return new ProtocolError('InvalidRequestURL', `The request line is longer than ${MAX_REQUEST_LINE} characters.`);
  }
  if (!Number.isInteger(route.max) || route.max < 1 || route.max > MAX_BATCH) {
    const given = query.get('numOfMessages') ?? '';
    return new ProtocolError(
      'InvalidArgument',
      `numOfMessages is "${given}"; it must be a number from 1 to ${MAX_BATCH}.`,
    );
  }
  if (!Number.isInteger(route.waitMs) || route.waitMs > MAX_WAIT_SECONDS * 1_000) {
    const given = query.get('waitseconds') ?? '';
    return new ProtocolError(
      'InvalidArgument',
      `waitseconds is "${given}"; it must be a number up to ${MAX_WAIT_SECONDS}.`,
    );
  }
  return undefined;
}

function parseQuery(text: string): { query: Map<string, string>; problem?: ProtocolError } {
  const query = new Map<string, string>();
  let problem: ProtocolError | undefined;
  for (const item of text === '' ? [] : text.split('&')) {
    const equals = item.indexOf('=');
    try {
      const name = decodeURIComponent(equals < 0 ? item : item.slice(0, equals));
      const value = decodeURIComponent(equals < 0 ? '' : item.slice(equals + 1).replaceAll('+', ' '));
      if (query.has(name)) problem ??= new ProtocolError('InvalidQueryString', `"${name}" is given twice.`);
      else query.set(name, value);
    } catch {
      problem ??= new ProtocolError('InvalidQueryString', `"${item}" is not percent-encoded properly.`);
    }
  }
  return { query, problem };
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw new ProtocolError('InvalidRequestURL', `The path ${path} is not percent-encoded properly.`);
  }
}
