import { ContextIdFactory, type DiscoveryService, ModuleRef } from '@nestjs/core';
import type { MqMessage } from '../../core/message/message.js';

/** What Nest knows about a provider or controller. */
export type Wrapper = ReturnType<DiscoveryService['getProviders']>[number];

/** Whether Nest makes an instance for each use. What it keeps of such a provider is an empty shell, without dependencies. */
export const isMadeAnew = (wrapper: Wrapper): boolean => wrapper.isTransient || !wrapper.isDependencyTreeStatic();

/** The prototype of what will handle messages, `null` if there is no telling. */
export function prototypeOf(wrapper: Wrapper): object | null {
  const { instance, token } = wrapper as { instance: unknown; token: unknown };
  if (typeof instance === 'object' && instance !== null) return Object.getPrototypeOf(instance) as object | null;
  // A factory that runs for each message has made nothing yet; it stands for the class that is its token.
  return isMadeAnew(wrapper) && typeof token === 'function' ? (token.prototype as object) : null;
}

/** The one instance, or a new one for this delivery, with the message as its `REQUEST`. */
export async function instanceFor(wrapper: Wrapper, message: MqMessage): Promise<unknown> {
  if (!isMadeAnew(wrapper)) return wrapper.instance as unknown;
  // Its own module's: two modules may have different providers under one token, and elsewhere the last one is found.
  const moduleRef = wrapper.host!.getProviderByKey(ModuleRef).instance as ModuleRef;
  const contextId = ContextIdFactory.create();
  moduleRef.registerRequestByContextId(message, contextId);
  return moduleRef.resolve(wrapper.token as never, contextId);
}
