import { calmBusyThreads } from './busy-threads.mjs';
import { Jvm } from './jvm.mjs';

/** @typedef {ConstructorParameters<typeof Jvm>[0]} JvmOptions */
/**
 * @typedef {JvmOptions & {
 *   home: string,
 *   version: string,
 *   endpoint?: string | null,
 *   adminAddress?: string | null,
 *   isReady: (jvm: Jvm) => Promise<boolean>,
 *   log: (line: string) => void,
 * }} ProcessOptions
 */

const START_TIMEOUT_MS = 120_000;
const START_ATTEMPTS = 3;

/**
 * One of the processes of a RocketMQ: ended and started again any number of times, with the same addresses and files.
 */
export class RocketmqProcess {
  /** @type {Jvm | null} */
  #jvm = null;
  #options;
  #isReady;
  #log;
  #calm = false;

  /** @param {ProcessOptions} options */
  constructor({ version, endpoint = null, adminAddress = null, isReady, log, ...options }) {
    /** `name-server`, `broker-a`, `proxy-1` */
    this.name = options.name;
    /** Its folder. */
    this.home = options.home;
    this.version = version;
    /** Of a proxy, also of one in a broker: where clients connect over gRPC, `host:port`. */
    this.endpoint = endpoint;
    /** Of a broker: where it is administered, in the remoting protocol, `host:port`. */
    this.adminAddress = adminAddress;
    this.isPaused = false;
    this.#options = options;
    this.#isReady = isReady;
    this.#log = log;
  }

  get isRunning() {
    return this.#jvm !== null && !this.#jvm.ended;
  }

  /** `null` while it does not run. */
  get pid() {
    return this.isRunning ? (this.#jvm?.pid ?? null) : null;
  }

  /**
   * Starts what was ended, on the same ports and with the same messages; done when it serves. What ends by itself is started
   * again, as by a supervisor: on a busy machine a proxy makes its system topic at a broker within 3 s or ends.
   */
  async start() {
    const began = performance.now();
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#startOnce(began + START_TIMEOUT_MS);
        break;
      } catch (error) {
        if (!error.endedByItself || error.portTaken || attempt === START_ATTEMPTS) throw error;
        this.#log(`${this.name} ended by itself, and is started again:\n${error.message}`);
      }
    }
    this.#log(`${this.name} after ${(performance.now() - began).toFixed(0)} ms`);
  }

  /** @param {number} deadline */
  async #startOnce(deadline) {
    this.#calm = false;
    const jvm = new Jvm(this.#options);
    this.#jvm = jvm;
    for (;;) {
      if (!this.#calm) this.#calm = calmBusyThreads(jvm.pid);
      const ready = await this.#isReady(jvm).catch(() => false);
      // Asked afterwards: on a port that somebody else has, somebody else answers.
      if (jvm.ended) throw await this.#failure(jvm, 'ended');
      if (ready) return;
      if (performance.now() > deadline)
        throw await this.#failure(jvm, `is not ready after ${START_TIMEOUT_MS / 1000} s`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** Ends it as a power failure does. */
  async kill() {
    this.isPaused = false;
    await this.#jvm?.kill();
  }

  /** Ends it by SIGTERM, as an administrator does, and waits until it has ended. */
  async terminate() {
    this.isPaused = false;
    await this.#jvm?.terminate();
  }

  /** {@link kill}, then {@link start}. */
  async restart() {
    await this.kill();
    await this.start();
  }

  /** Stops it where it is: connections stay and are accepted, and nothing is answered. */
  pause() {
    this.isPaused = true;
    this.#jvm?.signal('SIGSTOP');
  }

  resume() {
    this.isPaused = false;
    this.#jvm?.signal('SIGCONT');
  }

  /**
   * @param {Jvm} jvm
   * @param {string} what
   */
  async #failure(jvm, what) {
    const output = await jvm.output();
    const error = new Error(
      `RocketMQ ${this.version}: the ${this.name} ${what}\n${output.split('\n').slice(-30).join('\n')}`,
    );
    const portTaken = /Address already in use|BindException|Failed to bind/.test(output);
    return Object.assign(error, { portTaken, endedByItself: jvm.endedByItself });
  }
}
