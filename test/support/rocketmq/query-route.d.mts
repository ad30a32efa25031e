import type { RocketmqCredentials } from './start-rocketmq.mjs';

/** The code of an answer that has a route. */
export const ROUTE_OK: 20_000;

export interface RouteAnswer {
  readonly code: number;
  readonly message: string;
  readonly queues: number;
  readonly types: readonly string[];
}

/** Asks a proxy where a topic is. @param endpoint `host:port` */
export function queryRoute(
  endpoint: string,
  topic: string,
  options?: { auth?: RocketmqCredentials | undefined; timeoutMs?: number },
): Promise<RouteAnswer>;
