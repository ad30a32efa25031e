import { fetchArtifacts, ROCKETMQ_VERSION } from './artifacts.mjs';
import { calmBusyThreads } from './busy-threads.mjs';
import { writeConfiguration } from './configuration.mjs';
import { Jvm } from './jvm.mjs';
import { freePorts, isListening } from './ports.mjs';
import { guardProcessFolder, makeProcessFolder } from '../process-folder.mjs';
import { makeSelfSignedCertificate } from './self-signed-certificate.mjs';
import { RocketmqAdmin } from './rocketmq-admin.mjs';
import { queryRoute, ROUTE_OK } from './query-route.mjs';

const START_TIMEOUT_MS = 90_000;
const ATTEMPTS = 4;
/** A topic that is always there, to ask for. */
const PROBE = { name: 'mq_test_probe', type: 'NORMAL', queues: 1 };

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
    const folder = await makeProcessFolder('mq-rocketmq-');
    const guard = guardProcessFolder(folder);
    const tls = makeSelfSignedCertificate();
    const ports = await freePorts();
    await writeConfiguration({ folder, ports, topics: [PROBE, ...topics], groups, tls, auth, broker, proxy });
    return new RunningRocketmq({ folder, guard, ports, auth, certificate: tls.certificate, ...rest });
  }

  #guard;
  #lib;
  #log;
  #ports;
  #nameServer;
  #broker;
  #admin;
  #calm = false;

  constructor({ folder, guard, ports, auth, certificate, lib, version, log }) {
    this.folder = folder;
    this.version = version;
    this.auth = auth;
    this.certificate = certificate;
    this.endpoint = `127.0.0.1:${ports.grpc}`;
    this.nameServer = `127.0.0.1:${ports.nameServer}`;
    this.adminAddress = `127.0.0.1:${ports.broker}`;
    this.#guard = guard;
    this.#ports = ports;
    this.#admin = new RocketmqAdmin(this);
    this.#lib = lib;
    this.#log = log;
  }

  /** What goes from process to process. */
  get addresses() {
    const { endpoint, adminAddress, nameServer } = this;
    return { endpoint, adminAddress, nameServer };
  }

  get pids() {
    return [this.#nameServer, this.#broker].filter((jvm) => jvm && !jvm.ended).map((jvm) => jvm.pid);
  }

  async startAll() {
    this.#log(`RocketMQ ${this.version} in ${this.folder}`);
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
    // Not asked by connecting: if somebody took the port, that one would answer.
    await this.#until(this.#nameServer, async () => /boot success/.test(await this.#nameServer.output()));
    this.#log(`name server after ${(performance.now() - began).toFixed(0)} ms`);
    await this.start();
  }

  async start() {
    const began = performance.now();
    this.#calm = false;
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
    await this.#until(this.#broker, () => this.#isReady());
    this.#log(`broker and proxy after ${(performance.now() - began).toFixed(0)} ms`);
  }

  /**
   * A broker that starts registers its topics at once, but only with name servers that it has a connection to, and that is
   * made at the same time: in every second start it comes too late, and the next try is after 10 s. So it is asked to.
   */
  async #isReady() {
    if (!this.#calm) this.#calm = calmBusyThreads(this.#broker.pid);
    if (!(await isListening(this.#ports.grpc))) return false;
    if (!(await this.#admin.isRegistered(PROBE.name))) await this.#admin.register();
    return (await queryRoute(this.endpoint, PROBE.name, { auth: this.auth })).code === ROUTE_OK;
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
