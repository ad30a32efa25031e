import type { ClusterAdmin } from './cluster-admin.mjs';
import type { RocketmqProcess } from './rocketmq-process.mjs';
import type { RocketmqCredentials, StartRocketmqOptions } from './start-rocketmq.mjs';

export interface StartClusterOptions extends StartRocketmqOptions {
  /** `cluster` (default): proxies apart from the brokers; `local`: one in each broker, which needs Linux for more than one. */
  readonly mode?: 'cluster' | 'local';
  /** Default: `broker-a` and `broker-b`. */
  readonly brokers?: readonly string[];
  /** How many, in cluster mode: `proxy-1`, `proxy-2`. Default 2. */
  readonly proxies?: number;
}

/** A name server, brokers and proxies, each a process of its own, in a folder of their own. */
export interface RunningCluster {
  /** Of all proxies: what `rocketmq({ endpoints })` takes. */
  readonly endpoints: string;
  readonly nameServer: string;
  readonly version: string;
  /** What it was started with. */
  readonly auth: RocketmqCredentials | undefined;
  /** Of every process, for `localhost` and 127.0.0.1. PEM. */
  readonly certificate: string;
  readonly folder: string;
  /** What goes from process to process; `admin` is where each broker is administered. */
  readonly addresses: { readonly endpoints: string; readonly nameServer: string; readonly admin: readonly string[] };
  readonly brokers: readonly RocketmqProcess[];
  /** In local mode the same processes as {@link brokers}. */
  readonly proxies: readonly RocketmqProcess[];
  /** The name server, then brokers and proxies. */
  readonly processes: readonly RocketmqProcess[];
  readonly admin: ClusterAdmin;
  /** By its name: `name-server`, `broker-a`, `proxy-1`. */
  process(name: string): RocketmqProcess;
  /** Ends everything and removes its folder. Done as well when this process ends, however it does. */
  stop(): Promise<void>;
}

/**
 * Starts a RocketMQ of several processes on free ports of this machine, and answers when all of them serve. Takes about
 * as long as two starts of one broker, and 200 to 300 MB for each process.
 */
export function startRocketmqCluster(options?: StartClusterOptions): Promise<RunningCluster>;
