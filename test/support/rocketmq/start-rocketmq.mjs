import { fetchArtifacts, ROCKETMQ_VERSION } from './artifacts.mjs';
import { writeConfiguration } from './configuration.mjs';
import { Jvm } from './jvm.mjs';
import { freePorts, isFree } from './ports.mjs';
import { guardProcessFolder, makeProcessFolder } from './process-folder.mjs';
import { queryRoute } from './query-route.mjs';

const START_TIMEOUT_MS = 90_000;
const ATTEMPTS = 4;
/** A topic that is always there, to ask for. */
const PROBE = { name: 'mq_test_probe', type: 'NORMAL', queues: 1 };
const OK = 20_000;

/** @type {import('./start-rocketmq.mjs').startRocketmq} */
export async function startRocketmq({ version = ROCKETMQ_VERSION, log = () => undefined, ...options } = {}) {
  const lib = await fetchArtifacts({ version });
  for (let attempt = 1; ; attempt++) {
    const rocketmq = await RunningRocketmq.prepare({ lib, version, log, ...options });
    try {
      await rocketmq.startAll();
      return rocketmq;
    } catch (error) {
      await rocketmq.stop();
      if (!error.portTaken || attempt === ATTEMPTS) throw error;
      log(`${error.message.split('\n')[0]}: again on other ports`);
    }
  }
}

class RunningRocketmq {
  static async prepare({ topics = [], groups = [], auth, broker, proxy, ...rest }) {
    const folder = await makeProcessFolder();
    const guard = guardProcessFolder(folder);
    const ports = await freePorts();
    await writeConfiguration({ folder, ports, topics: [PROBE, ...topics], groups, auth, broker, proxy });
    return new RunningRocketmq({ folder, guard, ports, auth, ...rest });
  }

  #guard;
  #lib;
  #log;
  #ports;
  #auth;
  #nameServer;
  #broker;

  constructor({ folder, guard, ports, auth, lib, version, log }) {
    this.folder = folder;
    this.version = version;
    this.endpoint = `127.0.0.1:${ports.grpc}`;
    this.nameServer = `127.0.0.1:${ports.nameServer}`;
    this.adminAddress = `127.0.0.1:${ports.broker}`;
    this.#guard = guard;
    this.#ports = ports;
    this.#auth = auth;
    this.#lib = lib;
    this.#log = log;
  }

  get pids() {
    return [this.#nameServer, this.#broker].filter((jvm) => jvm && !jvm.ended).map((jvm) => jvm.pid);
  }

  async startAll() {
    const began = performance.now();
    this.#nameServer = new Jvm({
      name: 'name-server',
      folder: this.folder,
      lib: this.#lib,
      heap: ['-Xms32m', '-Xmx128m'],
      main: 'org.apache.rocketmq.namesrv.NamesrvStartup',
      args: ['-c', `${this.folder}/conf/namesrv.conf`],
      logback: 'rmq.namesrv.logback.xml',
    });
    await this.#until(this.#nameServer, async () => !(await isFree(this.#ports.nameServer)));
    this.#log(`name server after ${(performance.now() - began).toFixed(0)} ms`);
    await this.start();
  }

  async start() {
    const began = performance.now();
    this.#broker = new Jvm({
      name: 'broker',
      folder: this.folder,
      lib: this.#lib,
      heap: ['-Xms128m', '-Xmx512m', '-XX:MaxDirectMemorySize=512m'],
      main: 'org.apache.rocketmq.proxy.ProxyStartup',
      args: [
        '-n',
        this.nameServer,
        '-pm',
        'local',
        '-bc',
        `${this.folder}/conf/broker.conf`,
        '-pc',
        `${this.folder}/conf/rmq-proxy.json`,
      ],
      logback: 'rmq.proxy.logback.xml',
    });
    await this.#until(
      this.#broker,
      async () => (await queryRoute(this.endpoint, PROBE.name, { auth: this.#auth })).code === OK,
    );
    this.#log(`broker and proxy after ${(performance.now() - began).toFixed(0)} ms`);
  }

  kill() {
    return this.#broker.kill();
  }

  async restart() {
    await this.kill();
    await this.start();
  }

  pause() {
    this.#broker.signal('SIGSTOP');
  }

  resume() {
    this.#broker.signal('SIGCONT');
  }

  async stop() {
    await Promise.all([this.#broker?.kill(), this.#nameServer?.kill()]);
    await this.#guard.release();
  }

  async #until(jvm, isReady) {
    const deadline = performance.now() + START_TIMEOUT_MS;
    for (;;) {
      const ready = await isReady().catch(() => false);
      // Asked afterwards: on a port that somebody else has, somebody else answers.
      if (jvm.ended) throw await this.#failure(jvm, 'ended');
      if (ready) return;
      if (performance.now() > deadline)
        throw await this.#failure(jvm, `is not ready after ${START_TIMEOUT_MS / 1000} s`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async #failure(jvm, what) {
    const output = await jvm.output();
    const error = new Error(
      `RocketMQ ${this.version}: the ${jvm.name} ${what}\n${output.split('\n').slice(-30).join('\n')}`,
    );
    error.portTaken = /Address already in use|BindException|Failed to bind/.test(output);
    return error;
  }
}
