import type { ModulesContainer } from '@nestjs/core';
import { isTransactionHostClass, type TransactionHost } from '../../typeorm/transaction/transaction-host.js';

/** Nest's context id of static instances; its constant is not public. */
const STATIC = { id: 1 };

/**
 * Finds each `TransactionHost` among the providers of the application. Nest makes them before or after our providers, so
 * until all providers are made each call searches again.
 */
export class TransactionHostFinder {
  private found: readonly TransactionHost[] | null = null;

  constructor(private readonly modules: ModulesContainer) {}

  readonly hosts = (): readonly TransactionHost[] => this.found ?? this.look();

  /** Searches a last time and keeps the result. To be called when all providers are made. */
  keepFound(): void {
    this.found = this.look();
  }

  private look(): TransactionHost[] {
    const found = new Set<TransactionHost>();
    for (const module of this.modules.values()) {
      for (const wrapper of module.providers.values()) {
        if (!isTransactionHostClass(wrapper.metatype)) continue;
        // Before it is resolved, an instance is a prototype without fields.
        if (wrapper.getInstanceByContextId(STATIC).isResolved) found.add(wrapper.instance as TransactionHost);
      }
    }
    return [...found];
  }
}
