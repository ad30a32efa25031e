import { MqError } from '../../core/errors/mq-error.js';
import type { MqMessage } from '../../core/message/message.js';
import { type MqParam, NOT_READ, paramsOf } from '../decorators/mq-params.decorator.js';
import { levelsOf } from '../discovery/decorations-of.js';
import type { MqContext } from '../mq-context.js';
import { type NestParam, nestParamsOf, paramTypesOf } from './nest-internals.js';

/** A decorated parameter of a handler. */
export interface BoundParam {
  /** Its name, for error messages; `null` for one that the application has made. */
  readonly decorator: string | null;
  readonly index: number;
  readonly type: 'body' | 'custom';
  readonly data: unknown;
  /** The class that it has as its type, as far as TypeScript tells. */
  readonly metatype: unknown;
  /** `null`: no pipe sees it. */
  readonly given: readonly unknown[] | null;
  readonly read: (message: MqMessage, context: MqContext, host: () => unknown) => unknown;
}

/**
 * What the decorators at the parameters of a handler say: ours, and those that the application makes with `createParamDecorator()`.
 * `null` if there are none: then it gets message and context.
 *
 * @throws {MqError} `MQ_HANDLER_INVALID` for a parameter that would silently get nothing
 */
export function bindParams(prototype: object, member: string | symbol, name: string): BoundParam[] | null {
  const own = ownParams(prototype, member);
  const others = nestParamsOf(prototype.constructor, member).filter(
    ({ index, factory }) => factory !== NOT_READ && !own.some((param) => param.index === index),
  );
  const foreign = others.find(({ factory }) => typeof factory !== 'function');
  if (foreign) throw ofAnotherTransport(name, foreign);
  if (own.length === 0 && others.length === 0) return null;
  const types = paramTypesOf(prototype, member);
  const params = [...own.map(fromOurs), ...others.map(fromFactory)]
    .map((param) => ({ ...param, metatype: types?.[param.index] }))
    .toSorted((a, b) => a.index - b.index);
  refuseGaps(prototype, member, name, params);
  return params;
}

/** Methods of the instances of a class whose parameters are decorated by this module. */
export function decoratedMembers(prototype: object): Map<string | symbol, MqParam> {
  const found = new Map<string | symbol, MqParam>();
  for (const level of levelsOf(prototype)) {
    for (const [member, params] of paramsOf(level)) found.set(member, params[0]!);
  }
  return found;
}

/** Inherited by name, like everything that decorators say about a method. */
function ownParams(prototype: object, member: string | symbol): readonly MqParam[] {
  for (const level of levelsOf(prototype)) {
    const params = paramsOf(level).get(member);
    if (params) return params;
  }
  return [];
}

const fromOurs = ({ decorator, index, type, data, pipes, read }: MqParam): Omit<BoundParam, 'metatype'> => ({
  decorator,
  index,
  type,
  data,
  given: pipes,
  read,
});

const fromFactory = ({ index, data, pipes, factory }: NestParam): Omit<BoundParam, 'metatype'> => ({
  index,
  decorator: null,
  type: 'custom',
  data,
  given: pipes ?? [],
  read: (_message, _context, host) => factory!(data, host()),
});

/** Parameters up to the first with a default value, as far as the function tells: it may be replaced by one that does not. */
function refuseGaps(prototype: object, member: string | symbol, name: string, params: readonly BoundParam[]): void {
  const method = (prototype as Record<string | symbol, unknown>)[member];
  const wanted = typeof method === 'function' ? method.length : 0;
  for (let index = 0; index < wanted; index++) {
    if (params.some((param) => param.index === index)) continue;
    throw new MqError(
      'MQ_HANDLER_INVALID',
      `Parameter ${index + 1} of ${name} has no decorator while others have one, so it would get nothing. Write @MqPayload(), ` +
        '@MqMsg() for the message or @MqCtx() for the context before it, or give it a default value.',
      { details: { handler: name, parameter: index + 1 } },
    );
  }
}

function ofAnotherTransport(name: string, { index }: NestParam): MqError {
  return new MqError(
    'MQ_HANDLER_INVALID',
    `Parameter ${index + 1} of ${name} has a decorator for requests (such as @Body() or @Payload() of another package), which ` +
      'knows nothing of messages. Use @MqPayload(), @MqHeader(), @MqKey(), @MqTag(), @MqMsg() or @MqCtx().',
    { details: { handler: name, parameter: index + 1 } },
  );
}
