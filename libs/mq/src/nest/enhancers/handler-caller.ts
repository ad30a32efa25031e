import { ModuleRef, type NestContainer } from '@nestjs/core';
import type { GlobalEnhancer } from '../../core/config/options.js';
import type { HandlerInput } from '../../core/consumer/handlers/handler.js';
import { classNameOf } from '../discovery/decorations-of.js';
import { contextFor, instanceIn, isMadeAnew, type Wrapper } from '../discovery/handler-instance.js';
import { outcomeOf } from '../discovery/outcome-of.js';
import type { MqContext } from '../mq-context.js';
import { bindParams } from './bound-params.js';
import { refuseSingles } from './refuse-singles.js';
import { checkEnhancers } from './check-enhancers.js';
import { GlobalEnhancers } from './global-enhancers.js';
import { type Pipeline, runPipeline } from './handler-pipeline.js';
import { type EnhancedMethod, type EnhancerLists, enhancersOf, type Method } from './nest-internals.js';

/** Calls a handler for a message, to its end. */
export type Caller = (input: HandlerInput, context: MqContext) => Promise<unknown>;

/** A method under `@MqConsumer`. */
interface Handler {
  readonly wrapper: Wrapper;
  readonly prototype: object;
  readonly member: string | symbol;
  /** Whether it is called with lists. */
  readonly batch: boolean;
}

/**
 * Decides once how a handler is called: as it is, or behind its enhancers. What is made once is looked up here, so that a
 * message costs no more than what runs for it.
 *
 * @throws {MqError} `MQ_HANDLER_INVALID` for decorators that could do nothing
 */
export function callerOf(handler: Handler, kinds: readonly GlobalEnhancer[]): Caller {
  const { wrapper, prototype, member, batch } = handler;
  const name = `${classNameOf(prototype)}.${String(member)}`;
  const method = (isMadeAnew(wrapper) ? prototype : (wrapper.instance as object))[member as never] as unknown as Method;
  const params = bindParams(prototype, member, name);
  if (batch) refuseSingles(name, params ?? []);
  const decorated = checkEnhancers({ wrapper, prototype, method, name, params });
  const container = containerOf(wrapper);
  const globals = new GlobalEnhancers(container.applicationConfig!, kinds);
  if (!decorated && params === null && globals.isEmpty) return plainCaller(handler);

  const pipelineOf = (instance: object, lists: EnhancerLists, contextId?: EnhancedMethod['contextId']): Pipeline => {
    const { id, host } = wrapper;
    const place = { container, instance, method, moduleKey: host!.token, providerId: id, contextId };
    const enhancers = enhancersOf(place, lists);
    const bound = params?.map((param) => ({
      ...param,
      pipes: param.given === null ? [] : [...enhancers.pipes, ...enhancers.pipesOf(param.given)],
    }));
    return { name, member, place, enhancers, params: bound ?? null };
  };
  if (!isMadeAnew(wrapper) && !globals.areMadeAnew) {
    const pipeline = pipelineOf(wrapper.instance as object, globals.fixed);
    return (input, context) => runPipeline(pipeline, input, context);
  }
  return async (input, context) => {
    const contextId = contextFor(wrapper, input);
    const lists = await globals.in(contextId);
    const instance = isMadeAnew(wrapper) ? await instanceIn(wrapper, contextId) : (wrapper.instance as object);
    return runPipeline(pipelineOf(instance, lists, contextId), input, context);
  };
}

function plainCaller({ wrapper, member }: Handler): Caller {
  const call = (instance: unknown, input: HandlerInput, context: MqContext): Promise<unknown> =>
    outcomeOf((instance as Record<string | symbol, Call>)[member]!(input, context), context);
  if (!isMadeAnew(wrapper)) return async (input, context) => call(wrapper.instance, input, context);
  return async (input, context) => call(await instanceIn(wrapper, contextFor(wrapper, input)), input, context);
}

type Call = (input: HandlerInput, context: MqContext) => unknown;

function containerOf(wrapper: Wrapper): NestContainer {
  const moduleRef = wrapper.host!.getProviderByKey(ModuleRef).instance as unknown as { container: NestContainer };
  return moduleRef.container;
}
