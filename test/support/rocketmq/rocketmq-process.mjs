import { calmBusyThreads } from './busy-threads.mjs';
import { Jvm } from './jvm.mjs';

const START_TIMEOUT_MS = 90_000;

/**
 * One of the processes of a RocketMQ: ended and started again any number of times, with the same addresses and files.
 *
 * @implements {import('./rocketmq-process.mjs').RocketmqProcess}
 */
export class RocketmqProcess {
  #jvm = null;
  #options;
  #isReady;
  #log;
  #calm = false;

  constructor({ version, endpoint = null, adminAddress = null, isReady, log, ...options }) {
    this.name = options.name;
    this.home = options.home;
    this.version = version;
    this.endpoint = endpoint;
    this.adminAddress = adminAddress;
    this.isPaused = false;
    this.#options = options;
    this.#isReady = isReady;
    this.#log = log;
  }

  get isRunning() {
    return this.#jvm !== null && !this.#jvm.ended;
  }

  get pid() {
    return this.isRunning ? this.#jvm.pid : null;
  }

  async start() {
    const began = performance.now();
    this.#calm = false;
    this.#jvm = new Jvm(this.#options);
    const deadline = began + START_TIMEOUT_MS;
    for (;;) {
      if (!this.#calm) this.#calm = calmBusyThreads(this.#jvm.pid);
      const ready = await this.#isReady(this.#jvm).catch(() => false);
      // Asked afterwards: on a port that somebody else has, somebody else answers.
      if (this.#jvm.ended) throw await this.#failure('ended');
      if (ready) break;
      if (performance.now() > deadline) throw await this.#failure(`is not ready after ${START_TIMEOUT_MS / 1000} s`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    this.#log(`${this.name} after ${(performance.now() - began).toFixed(0)} ms`);
  }

  async kill() {
    this.isPaused = false;
    await this.#jvm?.kill();
  }

  async terminate() {
    this.isPaused = false;
    await this.#jvm?.terminate();
  }

  async restart() {
    await this.kill();
    await this.start();
  }

  pause() {
    this.isPaused = true;
    this.#jvm.signal('SIGSTOP');
  }

  resume() {
    this.isPaused = false;
    this.#jvm.signal('SIGCONT');
  }

  async #failure(what) {
    const output = await this.#jvm.output();
    const error = new Error(
      `RocketMQ ${this.version}: the ${this.name} ${what}\n${output.split('\n').slice(-30).join('\n')}`,
    );
    error.portTaken = /Address already in use|BindException|Failed to bind/.test(output);
    return error;
  }
}
