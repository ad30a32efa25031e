/** A broker whose traffic is watched, whichever it is: what the kill test needs of it. */
export interface ObservedBroker {
  /** The broker itself, to be killed as any process; none if it is never. */
  readonly victims: readonly Victim[];
  /** A way in for one process, by which its requests are told from those of others. */
  entrance(): Promise<{ readonly endpoint: string; readonly caller: string }>;
  /** At the next request that comes to this step, `fire` is called, before anybody learns of the step. */
  arm(point: {
    /** `received`: nothing done yet; `stored`: done (messages: handed out), not answered; `answered`: the answer has left. */
    readonly step: 'received' | 'stored' | 'answered';
    readonly operation: 'publish' | 'consume' | 'ack';
    /** Without one: whoever comes by. */
    readonly caller?: string;
    fire(): void;
  }): void;
  account(): Promise<Account>;
  close(): Promise<void>;
}

export interface Victim {
  /** What went wrong in it by itself. */
  readonly errors: readonly string[];
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** What the broker has. */
export interface Account {
  /** All messages, copies too, in the order of their storing; without an id those of another producer. */
  readonly stored: readonly { readonly id: string | undefined; readonly topic: string }[];
  /** How often a message was on its way to the broker, or its answer on the way back, when the broker died. */
  readonly underWay: ReadonlyMap<string, number>;
  /** Messages whose storing the broker has confirmed, and that it does not have. */
  readonly forgotten: readonly string[];
}

export type StartObservedBroker = () => Promise<ObservedBroker>;
