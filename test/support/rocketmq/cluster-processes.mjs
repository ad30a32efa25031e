import { join } from 'node:path';
import { writeBroker, writeCertificate, writeNameServer, writeProxy } from './configuration.mjs';
import { freePorts, isListening } from './ports.mjs';
import { queryRoute, ROUTE_OK } from './query-route.mjs';
import { RocketmqAdmin } from './rocketmq-admin.mjs';
import { RocketmqProcess } from './rocketmq-process.mjs';
import { makeSelfSignedCertificate } from './self-signed-certificate.mjs';

/** @typedef {Awaited<ReturnType<typeof freePorts>>} Ports */
/** @typedef {import('./configuration.mjs').Settings} Settings */
/**
 * What all processes of a cluster have in common.
 *
 * @typedef {object} Common
 * @property {string} folder
 * @property {string} lib
 * @property {string} version
 * @property {(line: string) => void} log
 * @property {readonly import('./start-rocketmq.mjs').RocketmqTopic[]} topics
 * @property {readonly import('./start-rocketmq.mjs').RocketmqGroup[]} groups
 * @property {import('./start-rocketmq.mjs').RocketmqCredentials} [auth]
 * @property {Settings} [broker]
 * @property {Settings} [proxy]
 */

const LOOPBACK = '127.0.0.1';

/** The name server, brokers and proxies of one cluster, with all that they read when they start; none of them is started. */
export class ClusterProcesses {
  /** @param {Common & { mode?: 'cluster' | 'local', brokers?: readonly string[], proxies?: number }} options */
  static async prepare({ mode = 'cluster', brokers = ['broker-a', 'broker-b'], proxies = 2, ...options }) {
    const ports = await freePorts();
    const cluster = new ClusterProcesses(options, ports);
    await cluster.#addNameServer(ports.nameServer);
    if (mode === 'local') {
      for (const [index, name] of brokers.entries()) {
        // Clients are sent to each at the gRPC port of whichever they asked, so all have the same one. Linux has all
        // addresses of 127.0.0.0/8; one broker alone needs no other than the first. The proxy's remoting port is bound to
        // 0.0.0.0 by name, which `BindTo` does not reach.
        const host = `127.0.0.${index + 1}`;
        const { remoting } = await freePorts();
        const bind = brokers.length > 1 ? host : null;
        await cluster.#addBrokerWithProxy(name, { host, ports: { ...ports, remoting }, bind });
      }
    } else {
      for (const name of brokers) await cluster.#addBroker(name, await freePorts());
      for (let number = 1; number <= proxies; number++) await cluster.#addProxy(`proxy-${number}`, await freePorts());
    }
    return cluster;
  }

  /** @type {RocketmqProcess[]} */
  all = [];
  /** @type {RocketmqProcess[]} */
  brokers = [];
  /** @type {RocketmqProcess[]} */
  proxies = [];
  #options;
  #tls = makeSelfSignedCertificate();

  /**
   * @param {Common} options
   * @param {Ports} ports
   */
  constructor(options, ports) {
    this.nameServer = `${LOOPBACK}:${ports.nameServer}`;
    this.certificate = this.#tls.certificate;
    this.#options = options;
  }

  /** @param {number} port */
  async #addNameServer(port) {
    const home = await this.#home('name-server');
    await writeNameServer(home, port);
    this.#add({
      name: 'name-server',
      home,
      heap: ['-Xms32m', '-Xmx128m'],
      main: 'org.apache.rocketmq.namesrv.NamesrvStartup',
      args: ['-c', `${home}/conf/namesrv.conf`],
      logback: 'rmq.namesrv.logback.xml',
      // Not asked by connecting: if somebody took the port, that one would answer.
      isReady: async (jvm) => /boot success/.test(await jvm.output()),
    });
  }

  /**
   * @param {string} name
   * @param {{ host: string, ports: Ports, bind: string | null }} options
   */
  async #addBrokerWithProxy(name, { host, ports, bind }) {
    const { nameServer } = this;
    const { auth, topics, groups, broker, proxy } = this.#options;
    const home = await this.#home(name);
    await writeBroker(home, { name, host, port: ports.broker, nameServer, topics, groups, auth, settings: broker });
    await writeProxy(home, { mode: 'local', host, ports, nameServer, auth, settings: proxy });
    const endpoint = `${host}:${ports.grpc}`;
    const adminAddress = `${host}:${ports.broker}`;
    const added = this.#add({
      name,
      home,
      endpoint,
      adminAddress,
      bind,
      heap: ['-Xms128m', '-Xmx512m', '-XX:MaxDirectMemorySize=512m'],
      main: 'org.apache.rocketmq.proxy.ProxyStartup',
      args: ['-n', nameServer, '-pm', 'local', '-bc', `${home}/conf/broker.conf`, '-pc', `${home}/conf/rmq-proxy.json`],
      logback: 'rmq.proxy.logback.xml',
      isReady: async () => (await this.#isRegistered(name, adminAddress)) && this.#hasRoute(endpoint),
    });
    this.brokers.push(added);
    this.proxies.push(added);
  }

  /**
   * @param {string} name
   * @param {Ports} options
   */
  async #addBroker(name, { broker: port }) {
    const { nameServer } = this;
    const { auth, topics, groups, broker } = this.#options;
    const home = await this.#home(name);
    await writeBroker(home, { name, host: LOOPBACK, port, nameServer, topics, groups, auth, settings: broker });
    const adminAddress = `${LOOPBACK}:${port}`;
    const added = this.#add({
      name,
      home,
      adminAddress,
      heap: ['-Xms128m', '-Xmx256m', '-XX:MaxDirectMemorySize=512m'],
      main: 'org.apache.rocketmq.broker.BrokerStartup',
      args: ['-n', nameServer, '-c', `${home}/conf/broker.conf`],
      logback: 'rmq.broker.logback.xml',
      isReady: () => this.#isRegistered(name, adminAddress),
    });
    this.brokers.push(added);
  }

  /**
   * @param {string} name
   * @param {Ports} ports
   */
  async #addProxy(name, ports) {
    const { nameServer } = this;
    const { auth, proxy } = this.#options;
    const home = await this.#home(name);
    await writeProxy(home, { mode: 'cluster', host: LOOPBACK, ports, nameServer, auth, settings: proxy });
    const endpoint = `${LOOPBACK}:${ports.grpc}`;
    const added = this.#add({
      name,
      home,
      endpoint,
      heap: ['-Xms64m', '-Xmx256m', '-XX:MaxDirectMemorySize=256m'],
      main: 'org.apache.rocketmq.proxy.ProxyStartup',
      args: ['-n', nameServer, '-pm', 'cluster', '-pc', `${home}/conf/rmq-proxy.json`],
      logback: 'rmq.proxy.logback.xml',
      isReady: () => this.#hasRoute(endpoint),
    });
    this.proxies.push(added);
  }

  /** @param {Omit<import('./rocketmq-process.mjs').ProcessOptions, 'folder' | 'lib' | 'version' | 'log'>} options */
  #add(options) {
    const { folder, lib, version, log } = this.#options;
    const added = new RocketmqProcess({ folder, lib, version, log, ...options });
    this.all.push(added);
    return added;
  }

  /** @param {string} name */
  async #home(name) {
    const home = join(this.#options.folder, name);
    await writeCertificate(home, this.#tls);
    return home;
  }

  /**
   * A broker that starts registers its topics at once, but only with name servers that it has a connection to, and that is
   * made at the same time: in every second start it comes too late, and the next try is after 10 s. So it is asked to.
   *
   * @param {string} name
   * @param {string} adminAddress
   */
  async #isRegistered(name, adminAddress) {
    if (!(await isListening(adminAddress))) return false;
    const { topics, auth } = this.#options;
    const admin = new RocketmqAdmin({ adminAddress, nameServer: this.nameServer, auth });
    const brokers = await admin.brokersOf(topics[0].name);
    if (!brokers.includes(name)) await admin.register();
    return brokers.includes(name);
  }

  /** @param {string} endpoint */
  async #hasRoute(endpoint) {
    if (!(await isListening(endpoint))) return false;
    const { topics, auth } = this.#options;
    return (await queryRoute(endpoint, topics[0].name, { auth })).code === ROUTE_OK;
  }
}
