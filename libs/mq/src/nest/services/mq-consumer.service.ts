/** One handler as the module found it. */
export interface HandlerInfo {
  /** Aliases. */
  readonly topic: string;
  readonly group: string;
  readonly tags: readonly string[] | null;
  /** `ReserveStock.handle` */
  readonly handler: string;
  /** How its messages are gathered; `null`: it is called with one at a time. */
  readonly batch: { readonly size: number; readonly waitMs: number } | null;
}

/** Starts, stops and steers the consumers of this process. */
export abstract class MqConsumerService {
  /** Begins to poll. Happens by itself at boot in processes with the role `worker`. */
  abstract start(): Promise<void>;
  /** Stops polling, and waits until what is in flight is handled or the drain time is over. */
  abstract stop(): Promise<void>;
  /** Takes no new messages of this group until `resume`. @throws {MqError} `MQ_UNKNOWN_GROUP` */
  abstract pause(group: string): void;
  abstract resume(group: string): void;
  /** How many handlers of this group may run at once, from now on. */
  abstract setConcurrency(group: string, concurrency: number): void;
  abstract handlers(): HandlerInfo[];
  /** Looks for handlers again: those of lazily loaded modules are not found at boot. Answers how many were new. */
  abstract refresh(): Promise<number>;
}
