import { Inject } from '@nestjs/common';
import {
  getMqAdminToken,
  getMqConsumerToken,
  getMqEventsToken,
  getMqProducerToken,
  getReproduceToken,
} from '../tokens.js';

/** Injects the {@link MqProducerService} of a named connection. @example constructor(@InjectMqProducer('billing') private mq: MqProducerService) {} */
export const InjectMqProducer = (connection?: string): PropertyDecorator & ParameterDecorator =>
  Inject(getMqProducerToken(connection));
/** Injects the {@link MqConsumerService} of a named connection. */
export const InjectMqConsumer = (connection?: string): PropertyDecorator & ParameterDecorator =>
  Inject(getMqConsumerToken(connection));
/** Injects the {@link ReproduceService} of a named connection. */
export const InjectReproduceService = (connection?: string): PropertyDecorator & ParameterDecorator =>
  Inject(getReproduceToken(connection));
/** Injects the {@link MqAdminService} of a named connection. */
export const InjectMqAdmin = (connection?: string): PropertyDecorator & ParameterDecorator =>
  Inject(getMqAdminToken(connection));
/** Injects the {@link MqEvents} of a named connection. */
export const InjectMqEvents = (connection?: string): PropertyDecorator & ParameterDecorator =>
  Inject(getMqEventsToken(connection));
