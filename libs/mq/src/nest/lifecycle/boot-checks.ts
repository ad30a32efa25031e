import type { ModulesContainer } from '@nestjs/core';

export type BootCheck = (modules: ModulesContainer) => void;

/** Shared by all copies of the library in a process. */
const CHECKS = Symbol.for('nestjs-reliable-mq.boot-checks');
const shared = globalThis as { [CHECKS]?: Set<BootCheck> };
const checks = (shared[CHECKS] ??= new Set());

/**
 * Adds what is checked when an application starts with an MqModule. For entries that this one does not import, and that may be
 * loaded without being used.
 */
export function addBootCheck(check: BootCheck): void {
  checks.add(check);
}

export function runBootChecks(modules: ModulesContainer): void {
  for (const check of checks) check(modules);
}
