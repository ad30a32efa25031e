import { describeError } from '../core/errors/describe-error.js';
import { codeOf } from '../core/errors/mq-error.js';
import type { FailureInfo } from '../core/events/event-map.js';
import { oneLine } from '../core/runtime/one-line.js';
import type { MqLogFields } from './log-line.js';

const FRAMES = 20;

/** The class of what a handler threw, and where; nothing for errors of this library, whose text says it all. */
export function failureFields({ cause }: FailureInfo): Pick<MqLogFields, 'errorClass' | 'stack'> {
  if (cause === undefined || codeOf(cause) !== null) return {};
  const { name, message, stack } = describeError(cause);
  const frames = framesOf(stack);
  return {
    errorClass: name,
    ...(frames.length > 0 && { stack: [oneLine(`${name}: ${message}`), ...frames].join('\n') }),
  };
}

/** The error's class in front of its message, where the message does not say it. */
export function namedMessage({ message, cause }: FailureInfo): string {
  if (cause === undefined || codeOf(cause) !== null) return message;
  const { name } = describeError(cause);
  return name === 'Error' || message.startsWith(name) ? message : `${name}: ${message}`;
}

/** Lines of a stack that are frames, and none of its message: that comes from others, and could look like lines of this log. */
function framesOf(stack: string | null): string[] {
  const lines = stack?.split('\n') ?? [];
  return lines
    .filter((line) => /^\s+at \S/.test(line))
    .slice(0, FRAMES)
    .map((line) => `    ${oneLine(line).trim()}`);
}
