import type { RocketmqCredentials } from './start-rocketmq.mjs';

export interface RemotingRequest {
  /** `RequestCode` in apache/rocketmq. */
  readonly code: number;
  readonly fields?: Readonly<Record<string, string | number | boolean>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is, instead of {@link body}. */
  readonly text?: string;
  readonly auth?: RocketmqCredentials | undefined;
  readonly timeoutMs?: number;
}

/** One request in RocketMQ's own protocol. @throws {RemotingError} for every answer but success */
export function remoting(
  address: string,
  request: RemotingRequest,
): Promise<{ fields: Record<string, string>; body: string }>;

export class RemotingError extends Error {
  /** `ResponseCode` in apache/rocketmq. */
  readonly code: number;
}
