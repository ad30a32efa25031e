import 'reflect-metadata';
import { createParamDecorator, type PipeTransform, type Type } from '@nestjs/common';
import { MqError } from '../../core/errors/mq-error.js';
import type { MqMessage } from '../../core/message/message.js';
import { readProperty } from '../../core/runtime/read-property.js';
import type { MqContext } from '../mq-context.js';

const KEY = 'nestjs-reliable-mq:params';

/** A pipe, or the class of one. */
export type MqPipe = PipeTransform | Type<PipeTransform>;

/** What a parameter decorator of this module says. */
export interface MqParam {
  readonly decorator: string;
  readonly index: number;
  /** What pipes are told it is: `ValidationPipe` validates a `body`, and lets what is `custom` pass. */
  readonly type: 'body' | 'custom';
  /** A property or the name of a header; pipes are told. */
  readonly data: string | undefined;
  /** Its own pipes. `null`: no pipe sees it, that of a class or method neither. */
  readonly pipes: readonly MqPipe[] | null;
  readonly read: (message: MqMessage, context: MqContext) => unknown;
}

type Params = ReadonlyMap<string | symbol, readonly MqParam[]>;
type Said = Omit<MqParam, 'index'>;

/** Marks what this file tells Nest about a parameter, which is only which pipes it is to make: those that are classes. */
export const NOT_READ = (): undefined => undefined;
const tellNest = createParamDecorator(NOT_READ);

/**
 * The payload, or one property of it. Pipes get `metadata.type` `'body'`, so a `ValidationPipe` validates it against the class that
 * the parameter has as its type.
 *
 * @example handle(@MqPayload(new ValidationPipe({ transform: true })) order: OrderCreatedDto) { … }
 */
export function MqPayload(...pipes: MqPipe[]): ParameterDecorator;
export function MqPayload(property: string, ...pipes: MqPipe[]): ParameterDecorator;
export function MqPayload(...given: (string | MqPipe)[]): ParameterDecorator {
  const [property, pipes] = typeof given[0] === 'string' ? [given[0], given.slice(1)] : [undefined, given];
  return decorate({
    decorator: 'MqPayload',
    type: 'body',
    data: property,
    pipes: pipes as MqPipe[],
    read: ({ payload }) => (property === undefined ? payload : ownProperty(payload, property)),
  });
}

/** One header of the message, `undefined` if it has none of this name. */
export function MqHeader(name: string, ...pipes: MqPipe[]): ParameterDecorator {
  return decorate({
    decorator: 'MqHeader',
    type: 'custom',
    data: name,
    pipes,
    read: ({ headers }) => ownProperty(headers, name),
  });
}

/** The key of the message. */
export function MqKey(...pipes: MqPipe[]): ParameterDecorator {
  return decorate({ decorator: 'MqKey', type: 'custom', data: undefined, pipes, read: ({ key }) => key });
}

/** The tag of the message, without the environment's suffix; `undefined` if it has none. */
export function MqTag(): ParameterDecorator {
  return decorate({ decorator: 'MqTag', type: 'custom', data: undefined, pipes: null, read: ({ tag }) => tag });
}

/** The whole `MqMessage`. */
export function MqMsg(): ParameterDecorator {
  return decorate({ decorator: 'MqMsg', type: 'custom', data: undefined, pipes: null, read: (message) => message });
}

/** The `MqContext`: the transaction, which attempt it is, the deadline. */
export function MqCtx(): ParameterDecorator {
  return decorate({ decorator: 'MqCtx', type: 'custom', data: undefined, pipes: null, read: (_, context) => context });
}

/** What was said about the parameters of this prototype's own methods, by method. */
export function paramsOf(prototype: object): Params {
  return (Reflect.getOwnMetadata(KEY, prototype) as Params | undefined) ?? new Map();
}

function decorate(said: Said): ParameterDecorator {
  return (target, member, index) => {
    refuseOtherPlaces(said.decorator, target, member);
    const params = paramsOf(target);
    const others = params.get(member!) ?? [];
    const twice = others.find((other) => other.index === index);
    if (twice) throw twoOnOne(said.decorator, twice, target, member!);
    Reflect.defineMetadata(KEY, new Map(params).set(member!, [...others, { ...said, index }]), target);
    if (said.pipes !== null && said.pipes.length > 0) tellNest(undefined, ...said.pipes)(target, member, index);
  };
}

function refuseOtherPlaces(decorator: string, target: object, member: string | symbol | undefined): void {
  if (typeof target !== 'function') return;
  const where = member === undefined ? 'the constructor of' : `the static method ${String(member)} of`;
  throw new MqError(
    'MQ_HANDLER_INVALID',
    `@${decorator}() stands at a parameter of ${where} ${target.name}, which no message reaches. ` +
      'Put it at a parameter of a method that @MqConsumer() makes a handler.',
    { details: { handler: target.name, decorator } },
  );
}

function twoOnOne(
  decorator: string,
  { decorator: other, index }: MqParam,
  target: object,
  member: string | symbol,
): MqError {
  const handler = `${target.constructor.name}.${String(member)}`;
  return new MqError(
    'MQ_HANDLER_INVALID',
    `Parameter ${index + 1} of ${handler} has @${other}() and @${decorator}(), and can be given one value. Remove one of them.`,
    { details: { handler } },
  );
}

function ownProperty(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? readProperty(value, name)
    : undefined;
}
