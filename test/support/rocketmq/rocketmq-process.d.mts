/** One of the processes of a RocketMQ. */
export interface RocketmqProcess {
  /** `name-server`, `broker-a`, `proxy-1` */
  readonly name: string;
  /** Of a proxy, also of one in a broker: where clients connect over gRPC, `host:port`. */
  readonly endpoint: string | null;
  /** Of a broker: where it is administered, in the remoting protocol, `host:port`. */
  readonly adminAddress: string | null;
  /** Its folder. */
  readonly home: string;
  /** `null` while it does not run. */
  readonly pid: number | null;
  readonly isRunning: boolean;
  readonly isPaused: boolean;
  /** Ends it as a power failure does. */
  kill(): Promise<void>;
  /** Ends it by SIGTERM, as an administrator does, and waits until it has ended. */
  terminate(): Promise<void>;
  /** Starts what was ended, on the same ports and with the same messages; done when it serves. */
  start(): Promise<void>;
  /** {@link kill}, then {@link start}. */
  restart(): Promise<void>;
  /** Stops it where it is: connections stay and are accepted, and nothing is answered. */
  pause(): void;
  resume(): void;
}
