import { guardProcessFolder, makeProcessFolder } from '../process-folder.mjs';
import { fetchArtifacts, ROCKETMQ_VERSION } from './artifacts.mjs';
import { ClusterAdmin } from './cluster-admin.mjs';
import { ClusterProcesses } from './cluster-processes.mjs';

const ATTEMPTS = 4;
/** A topic that is always there, to ask for. */
const PROBE = { name: 'mq_test_probe', type: 'NORMAL', queues: 1 };

/** @type {import('./start-cluster.mjs').startRocketmqCluster} */
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

/** @implements {import('./start-cluster.mjs').RunningCluster} */
class RunningCluster {
  static async prepare({ topics = [], groups = [], ...options }) {
    const folder = await makeProcessFolder('mq-rocketmq-');
    const guard = guardProcessFolder(folder);
    const processes = await ClusterProcesses.prepare({ folder, topics: [PROBE, ...topics], groups, ...options });
    return new RunningCluster(folder, guard, processes, options);
  }

  #guard;
  #log;

  constructor(folder, guard, processes, { version, auth, log }) {
    this.folder = folder;
    this.version = version;
    this.auth = auth;
    this.certificate = processes.certificate;
    this.nameServer = processes.nameServer;
    this.brokers = processes.brokers;
    this.proxies = processes.proxies;
    this.processes = processes.all;
    this.admin = new ClusterAdmin(this);
    this.#guard = guard;
    this.#log = log;
  }

  get endpoints() {
    return this.proxies.map(({ endpoint }) => endpoint).join(';');
  }

  get addresses() {
    const { endpoints, nameServer } = this;
    return { endpoints, nameServer, admin: this.brokers.map(({ adminAddress }) => adminAddress) };
  }

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

  async stop() {
    await Promise.all(this.processes.map((each) => each.kill()));
    await this.#guard.release();
  }
}
