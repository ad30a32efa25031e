import { guardProcessFolder, makeProcessFolder } from '../process-folder.mjs';
import { fetchArtifacts, ROCKETMQ_VERSION } from './artifacts.mjs';
import { ClusterAdmin } from './cluster-admin.mjs';
import { ClusterProcesses } from './cluster-processes.mjs';

/**
 * @typedef {object} ClusterShape
 * @property {'cluster' | 'local'} [mode] `cluster` (default): proxies apart from the brokers; `local`: one in each broker, which
 *   needs Linux for more than one
 * @property {readonly string[]} [brokers] default: `broker-a` and `broker-b`
 * @property {number} [proxies] how many, in cluster mode: `proxy-1`, `proxy-2`; default 2
 */
/** @typedef {import('./start-rocketmq.mjs').StartRocketmqOptions & ClusterShape} StartClusterOptions */

const ATTEMPTS = 4;
/**
 * A topic that is always there, to ask for.
 *
 * @type {import('./start-rocketmq.mjs').RocketmqTopic}
 */
const PROBE = { name: 'mq_test_probe', type: 'NORMAL', queues: 1 };

/**
 * Starts a RocketMQ of several processes on free ports of this machine, and answers when all of them serve. Takes about
 * as long as two starts of one broker, and 200 to 300 MB for each process.
 *
 * @param {StartClusterOptions} [options]
 */
export async function startRocketmqCluster({ version = ROCKETMQ_VERSION, log = () => undefined, ...options } = {}) {
  const lib = await fetchArtifacts({ version });
  for (let attempt = 1; ; attempt++) {
    const cluster = await RunningCluster.prepare({ lib, version, log, ...options });
    try {
      await cluster.startAll();
      return cluster;
    } catch (error) {
      await cluster.stop();
      if (!error.portTaken || attempt === ATTEMPTS) throw error;
      log(`${error.message.split('\n')[0]}: again on other ports`);
    }
  }
}

/** A name server, brokers and proxies, each a process of its own, in a folder of their own. */
export class RunningCluster {
  /** @param {Omit<ConstructorParameters<typeof ClusterProcesses>[0], 'folder' | 'topics' | 'groups'> & Pick<StartClusterOptions, 'topics' | 'groups' | 'mode' | 'brokers' | 'proxies'>} options */
  static async prepare({ topics = [], groups = [], ...options }) {
    const folder = await makeProcessFolder('mq-rocketmq-');
    const guard = guardProcessFolder(folder);
    const processes = await ClusterProcesses.prepare({ folder, topics: [PROBE, ...topics], groups, ...options });
    return new RunningCluster(folder, guard, processes, options);
  }

  #guard;
  #log;

  /**
   * @param {string} folder
   * @param {import('../process-folder.mjs').FolderGuard} guard
   * @param {ClusterProcesses} processes
   * @param {{ version: string, auth?: import('./start-rocketmq.mjs').RocketmqCredentials | undefined, log: (line: string) => void }} options
   */
  constructor(folder, guard, processes, { version, auth, log }) {
    this.folder = folder;
    this.version = version;
    /** What it was started with. */
    this.auth = auth;
    /** Of every process, for `localhost` and 127.0.0.1. PEM. */
    this.certificate = processes.certificate;
    this.nameServer = processes.nameServer;
    this.brokers = processes.brokers;
    /** In local mode the same processes as {@link brokers}. */
    this.proxies = processes.proxies;
    /** The name server, then brokers and proxies. */
    this.processes = processes.all;
    this.admin = new ClusterAdmin(this);
    this.#guard = guard;
    this.#log = log;
  }

  /** Of all proxies: what `rocketmq({ endpoints })` takes. */
  get endpoints() {
    return this.proxies.map(({ endpoint }) => endpoint).join(';');
  }

  /** What goes from process to process; `admin` is where each broker is administered. */
  get addresses() {
    const { endpoints, nameServer } = this;
    return { endpoints, nameServer, admin: this.brokers.map(({ adminAddress }) => adminAddress) };
  }

  /**
   * By its name: `name-server`, `broker-a`, `proxy-1`.
   *
   * @param {string} name
   */
  process(name) {
    const found = this.processes.find((each) => each.name === name);
    if (!found) throw new Error(`there is no ${name}, but ${this.processes.map((each) => each.name).join(', ')}`);
    return found;
  }

  async startAll() {
    this.#log(`RocketMQ ${this.version} in ${this.folder}`);
    // Each waits for the one before: brokers register with the name server, and a proxy wants their topics.
    await this.processes[0].start();
    await Promise.all(this.brokers.map((broker) => broker.start()));
    const apart = this.proxies.filter((proxy) => !this.brokers.includes(proxy));
    await Promise.all(apart.map((proxy) => proxy.start()));
  }

  /** Ends everything and removes its folder. Done as well when this process ends, however it does. */
  async stop() {
    await Promise.all(this.processes.map((each) => each.kill()));
    await this.#guard.release();
  }
}
