import type { BootMode } from '../../nest/boot-mode.js';

/** For commands that look at rows, and change them. */
export const ADMIN: BootMode = {
  relay: false,
  worker: false,
  immediate: false,
  connect: false,
  migrate: false,
  check: true,
};

/** For commands that make the tables, or look why they are refused. */
export const UNCHECKED: BootMode = { ...ADMIN, check: false };

/** For commands that publish. */
export const PUBLISH: BootMode = { ...ADMIN, immediate: true, connect: true };

/** For commands that run until somebody ends them. What handlers publish leaves at once. */
export const RUN: BootMode = { ...PUBLISH, migrate: true };
