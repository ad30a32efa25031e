import { OPERATIONS } from '../protocol/route.js';
import { parseDuration } from '../runtime/duration.js';
import type { Fault } from './fault.js';

const KEYS = ['operation', 'topic', 'group', 'probability', 'times', 'effect'];
const NAMED_EFFECTS = ['reset', 'hang', 'accept-then-reset', 'accept-then-hang', 'duplicate', 'drop-ack', 'throttle'];
// What an effect can change: a fault that could never strike is a mistake.
const STRIKES: Record<string, readonly string[]> = {
  duplicate: ['publish', 'consume'],
  'drop-ack': ['ack', 'commit', 'rollback'],
};

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const HEADER_VALUE = /^[\t\u0020-\u007E\u0080-\u00FF]*$/;

/**
 * Checks a list of faults that came from outside.
 *
 * @throws TypeError naming every problem with its place
 */
export function parseFaults(input: unknown): Fault[] {
  if (!Array.isArray(input)) throw new TypeError('The faults must be a list.');
  const problems = input.flatMap((fault: unknown, index) => problemsOf(fault).map((problem) => `[${index}]${problem}`));
  if (problems.length > 0) throw new TypeError(problems.join('; '));
  return input as Fault[];
}

function problemsOf(fault: unknown): string[] {
  if (!isRecord(fault)) return [' must be an object'];
  const problems = Object.keys(fault)
    .filter((key) => !KEYS.includes(key))
    .map((key) => `.${key} is unknown; there are ${KEYS.join(', ')}`);
  const { operation, topic, group, probability, times, effect } = fault;
  if (operation !== undefined && !OPERATIONS.some((known) => known === operation)) {
    problems.push(`.operation must be one of ${OPERATIONS.join(', ')}`);
  }
  if (topic !== undefined && typeof topic !== 'string') problems.push('.topic must be a string');
  if (group !== undefined && typeof group !== 'string') problems.push('.group must be a string');
  if (probability !== undefined && !(typeof probability === 'number' && probability >= 0 && probability <= 1)) {
    problems.push('.probability must be a number from 0 to 1');
  }
  if (times !== undefined && !(Number.isInteger(times) && Number(times) > 0))
    problems.push('.times must be a number from 1');
  if (probability !== undefined && times !== undefined) problems.push(' has both probability and times; give one');
  problems.push(...problemsOfEffect(effect));
  if (typeof effect === 'string' && typeof operation === 'string' && STRIKES[effect]?.includes(operation) === false) {
    problems.push(`.effect "${effect}" does nothing to ${operation}, only to ${STRIKES[effect].join(', ')}`);
  }
  return problems;
}

function problemsOfEffect(effect: unknown): string[] {
  if (typeof effect === 'string' && NAMED_EFFECTS.includes(effect)) return [];
  if (isRecord(effect)) {
    const keys = Object.keys(effect);
    if ('delay' in effect && keys.length === 1) return problemsOfDelay(effect.delay);
    if ('status' in effect && keys.every((key) => ['status', 'body', 'headers'].includes(key))) {
      return problemsOfAnswer(effect);
    }
  }
  return [`.effect must be { status, body?, headers? }, { delay } or one of ${NAMED_EFFECTS.join(', ')}`];
}

function problemsOfDelay(delay: unknown): string[] {
  try {
    parseDuration(delay as string);
    return [];
  } catch (error) {
    return [`.effect.delay: ${(error as Error).message}`];
  }
}

function problemsOfAnswer({ status, body, headers }: Record<string, unknown>): string[] {
  const problems: string[] = [];
  if (!Number.isInteger(status) || Number(status) < 200 || Number(status) > 599) {
    problems.push('.effect.status must be a number from 200 to 599');
  }
  if (body !== undefined && typeof body !== 'string') problems.push('.effect.body must be a string');
  if (headers !== undefined && !isHeaders(headers)) problems.push('.effect.headers must map names to strings');
  return problems;
}

function isHeaders(headers: unknown): boolean {
  if (!isRecord(headers)) return false;
  return Object.entries(headers).every(
    ([name, value]) => HEADER_NAME.test(name) && typeof value === 'string' && HEADER_VALUE.test(value),
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
