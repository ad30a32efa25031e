import type { InjectionToken } from '@nestjs/common';
import { MqEvents } from '../core/events/event-bus.js';
import { MqAdminService } from './services/mq-admin.service.js';
import { MqConsumerService } from './services/mq-consumer.service.js';
import { MqProducerService } from './services/mq-producer.service.js';
import { ReproduceService } from './services/reproduce.service.js';

export const DEFAULT_CONNECTION = 'default';

/** The default connection is injected by class, the others by a token that carries their name. */
const byClass =
  (type: abstract new (...args: never[]) => unknown, what: string) =>
  (connection: string = DEFAULT_CONNECTION): InjectionToken =>
    connection === DEFAULT_CONNECTION ? (type as InjectionToken) : `mq:${what}:${connection}`;

const byName =
  (what: string) =>
  (connection: string = DEFAULT_CONNECTION): InjectionToken =>
    `mq:${what}:${connection}`;

/** Token of {@link MqProducerService}. @example module.overrideProvider(getMqProducerToken()).useValue({ publish: jest.fn() }) */
export const getMqProducerToken = byClass(MqProducerService, 'producer');
/** Token of {@link MqConsumerService}. */
export const getMqConsumerToken = byClass(MqConsumerService, 'consumer');
/** Token of {@link ReproduceService}. */
export const getReproduceToken = byClass(ReproduceService, 'reproduce');
/** Token of {@link MqAdminService}. */
export const getMqAdminToken = byClass(MqAdminService, 'admin');
/** Token of {@link MqEvents}. */
export const getMqEventsToken = byClass(MqEvents, 'events');
/** Token of the transport; overriding it is how a test replaces the broker. */
export const getMqTransportToken = byName('transport');
/** Token of the options as the user gave them. */
export const getMqOptionsToken = byName('options');
/** Token of what makes the tracer of each connection, if there is one. Internal. */
export const MQ_TRACING = 'mq:tracing';
/** Token of the assembled connection. Internal. */
export const getMqRuntimeToken = byName('runtime');
/** Tokens of what runs a connection, whatever a test put behind the public ones. Internal. */
export const getMqAdminSelfToken = byName('admin-self');
export const getMqConsumerControlToken = byName('consumer-control');
export const getReproduceScheduleToken = byName('reproduce-schedule');
/** Token of what starts and stops a connection. Internal. */
export const getMqLifecycleToken = byName('lifecycle');
