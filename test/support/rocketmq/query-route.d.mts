import type { RocketmqCredentials } from './start-rocketmq.mjs';

/** The code of an answer that has a route. */
export const ROUTE_OK: 20_000;

export interface RouteAnswer {
  readonly code: number;
  readonly message: string;
  readonly queues: number;
  /** How many of them each broker has. */
  readonly byBroker: Readonly<Record<string, number>>;
  readonly types: readonly string[];
}

/** Asks a proxy where a topic is. @param endpoint `host:port` */
export function queryRoute(
  endpoint: string,
  topic: string,
  options?: { auth?: RocketmqCredentials | undefined; timeoutMs?: number },
): Promise<RouteAnswer>;
