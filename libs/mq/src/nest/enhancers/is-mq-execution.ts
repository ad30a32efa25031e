import type { ArgumentsHost } from '@nestjs/common';
import { CONTEXT_TYPE } from './nest-internals.js';

/**
 * Whether a guard, interceptor or filter was called for a message: then `host.switchToRpc()` has the `MqMessage` as `getData()` and the
 * `MqContext` as `getContext()`.
 *
 * @example if (isMqExecution(context)) return this.check(context.switchToRpc().getData<MqMessage>().headers['tenant']);
 */
export function isMqExecution(host: ArgumentsHost): boolean {
  return host.getType<string>() === CONTEXT_TYPE;
}
