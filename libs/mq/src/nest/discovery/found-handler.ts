import type { EntityManager } from 'typeorm';
import type { RegisteredHandler } from '../../core/consumer/handlers/handler.js';

/** A handler, and the connection that it asked for. */
export interface FoundHandler extends RegisteredHandler<EntityManager> {
  readonly connection: string;
}
