import { type ContextId, ContextIdFactory, type DiscoveryService, ModuleRef } from '@nestjs/core';
import type { HandlerInput } from '../../core/consumer/handlers/handler.js';

/** What Nest knows about a provider or controller. */
export type Wrapper = ReturnType<DiscoveryService['getProviders']>[number];

/** Whether Nest makes an instance for each use. What it keeps of such a provider is an object without dependencies. */
export const isMadeAnew = (wrapper: Wrapper): boolean => wrapper.isTransient || !wrapper.isDependencyTreeStatic();

/** The prototype of what will handle messages, `null` if there is no telling. */
export function prototypeOf(wrapper: Wrapper): object | null {
  const { instance, token } = wrapper as { instance: unknown; token: unknown };
  if (typeof instance === 'object' && instance !== null) return Object.getPrototypeOf(instance) as object | null;
  // A factory that runs for each message has made nothing yet; it stands for the class that is its token.
  return isMadeAnew(wrapper) && typeof token === 'function' ? (token.prototype as object) : null;
}

/** A context for this delivery, with the message, or the list of them, as its `REQUEST`. */
export function contextFor(wrapper: Wrapper, input: HandlerInput): ContextId {
  const contextId = ContextIdFactory.create();
  moduleRefOf(wrapper).registerRequestByContextId(input, contextId);
  return contextId;
}

/** A new instance, with all enhancers of its class. */
export async function instanceIn(wrapper: Wrapper, contextId: ContextId): Promise<object> {
  // By its own module: two modules may have different providers under one token, and elsewhere the last one is found.
  return (await moduleRefOf(wrapper).resolve(wrapper.token as never, contextId)) as object;
}

function moduleRefOf(wrapper: Wrapper): ModuleRef {
  return wrapper.host!.getProviderByKey(ModuleRef).instance as ModuleRef;
}
