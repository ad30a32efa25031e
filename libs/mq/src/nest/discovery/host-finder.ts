import type { ModulesContainer } from '@nestjs/core';
import { isTransactionHostClass, type TransactionHost } from '../../typeorm/transaction/transaction-host.js';

/** Under which Nest keeps the instance that is there once for all; its constant is not public. */
const STATIC = { id: 1 };

/**
 * Finds each `TransactionHost` among the providers of the application. They come to life with its providers, before or after
 * ours, so until the application is put together each question looks anew.
 */
export class HostFinder {
  private found: readonly TransactionHost[] | null = null;

  constructor(private readonly modules: ModulesContainer) {}

  readonly hosts = (): readonly TransactionHost[] => this.found ?? this.look();

  /** All providers are there. */
  settle(): void {
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
