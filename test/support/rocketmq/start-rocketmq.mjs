import { startRocketmqCluster } from './start-cluster.mjs';

/** @type {import('./start-rocketmq.mjs').startRocketmq} */
export async function startRocketmq(options) {
  return new RunningRocketmq(await startRocketmqCluster({ ...options, mode: 'local', brokers: ['broker'] }));
}

/** A cluster of one. */
class RunningRocketmq {
  #cluster;
  #broker;

  constructor(cluster) {
    [this.#cluster, [this.#broker]] = [cluster, cluster.brokers];
    const { version, auth, certificate, folder, nameServer } = cluster;
    Object.assign(this, { version, auth, certificate, folder, nameServer });
    this.endpoint = this.#broker.endpoint;
    this.adminAddress = this.#broker.adminAddress;
  }

  /** Where the broker has its files. */
  get home() {
    return this.#broker.home;
  }

  get addresses() {
    const { endpoint, adminAddress, nameServer } = this;
    return { endpoint, adminAddress, nameServer };
  }

  get pids() {
    return this.#cluster.processes.filter(({ isRunning }) => isRunning).map(({ pid }) => pid);
  }

  start() {
    return this.#broker.start();
  }

  kill() {
    return this.#broker.kill();
  }

  restart() {
    return this.#broker.restart();
  }

  pause() {
    this.#broker.pause();
  }

  resume() {
    this.#broker.resume();
  }

  stop() {
    return this.#cluster.stop();
  }
}
