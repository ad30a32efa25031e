export type { EmulatorConfig, InstanceConfig, TopicConfig } from './config/emulator-config.js';
export { EmulatorError } from './emulator-error.js';
export type { EmulatorOptions, Step, StepInfo, StepMessage, StepObserver } from './emulator-options.js';
export type { AcceptedEffect, ArrivalEffect, Fault, FaultEffect } from './faults/fault.js';
export type { ForeignMessage } from './protocol/foreign-message.js';
export type { Operation } from './protocol/route.js';
export type { Clock } from './runtime/clock.js';
export { ManualClock } from './runtime/manual-clock.js';
export { type Emulator, type EmulatorState, startEmulator } from './start-emulator.js';
