import type { EntityManager } from 'typeorm';
import type { RegisteredHandler } from '../../core/consumer/handlers/handler.js';
import type { Subscription } from '../../core/consumer/handlers/subscription.js';

type Handler = RegisteredHandler<EntityManager>;
type Replaceable = { -readonly [K in keyof Handler]: Handler[K] };

interface Fault {
  readonly topic: string | undefined;
  readonly group: string | undefined;
  readonly error: unknown;
  left: number;
}

/** Makes handlers throw instead of running. Their attempt, its transaction and what follows are those of any failure. */
export class HandlerFaults {
  private faults: Fault[] = [];
  private readonly prepared = new WeakSet<Handler>();

  add(subscriptions: readonly Subscription<EntityManager>[], fault: Fault): void {
    this.faults.push(fault);
    for (const { handlers } of subscriptions) for (const handler of handlers) this.prepare(handler);
  }

  clear(): void {
    this.faults = [];
  }

  private prepare(handler: Replaceable): void {
    if (this.prepared.has(handler)) return;
    this.prepared.add(handler);
    const { invoke } = handler;
    handler.invoke = (message, context) => {
      const fault = this.faults.find(
        ({ topic = handler.topic, group = handler.group }) => topic === handler.topic && group === handler.group,
      );
      if (!fault) return invoke(message, context);
      if (--fault.left <= 0) this.faults.splice(this.faults.indexOf(fault), 1);
      return Promise.reject(fault.error as Error);
    };
  }
}
