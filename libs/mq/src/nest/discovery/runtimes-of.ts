import type { ModulesContainer } from '@nestjs/core';
import { MqRuntime } from '../mq-runtime.js';
import { instancesOf } from './instances-of.js';

/** All connections of the application. */
export function runtimesOf(modules: ModulesContainer): MqRuntime[] {
  return instancesOf(modules, MqRuntime);
}
