const shared = /** @type {{ mqServices?: { stop(): Promise<void> }[] }} */ (/** @type {unknown} */ (globalThis));

/**
 * What the global setup has started, and the global teardown ends, the last first. Global, because jest may load the two on
 * their own, each with a copy of this module.
 */
export const startedServices = (shared.mqServices ??= []);
