import type { LazyAbort } from '../../runtime/lazy-abort.js';
import type { DeliveryContext } from '../handlers/handler.js';
import type { ActiveDelivery } from './active-delivery.js';
import { runWithCutOff } from './cut-off.js';

interface HandlerCall<Handle> {
  /** What its handler is told about; of a batch the oldest. */
  readonly delivery: ActiveDelivery<Handle>;
  /** Of the signal that the handler watches. */
  readonly controller: LazyAbort;
  readonly manager: Handle;
  /** Calls the handler. `check` throws once it is cut off. */
  readonly invoke: (context: DeliveryContext<Handle>, check: () => void) => Promise<void>;
  /** Takes the handler's access to the database away. Default: nothing to take. */
  readonly sever?: () => void;
  /** Finishes the transaction after the handler has returned. Default: there is none. */
  readonly complete?: (check: () => void) => Promise<void>;
}

/** Calls a handler, within its timeout and until shutdown stops waiting for it. @throws {CutOff} and what the handler throws */
export async function runHandler<Handle>(call: HandlerCall<Handle>): Promise<void> {
  const { delivery, controller, manager, invoke, sever = () => {}, complete } = call;
  const { clock, giveUp, stuck, connection } = delivery.context;
  const { timeoutMs, maxAttempts } = delivery.subscription.group;
  const { topic, group, messageId, attempt } = delivery.ref;
  const { brokerMessageId } = delivery.message;
  const deadline = new Date(clock.now() + timeoutMs);
  const limits = {
    clock,
    timeoutMs,
    giveUp,
    controller,
    sever,
    abandoned: (work: Promise<unknown>) => stuck.watch(work, { topic, group, messageId }),
  };
  await runWithCutOff(limits, async (check) => {
    const context: DeliveryContext<Handle> = {
      manager,
      attempt,
      maxAttempts,
      deadline,
      get signal() {
        return controller.signal;
      },
      connection,
      brokerMessageId,
    };
    await invoke(context, check);
    check();
    await complete?.(check);
  });
}
