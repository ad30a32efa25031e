import { spawn } from 'node:child_process';
import { openSync, closeSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TLS_CERTIFICATE, TLS_KEY } from './configuration.mjs';
import { nativeLibrary } from './native-library.mjs';

/** What RocketMQ reaches into on a JDK that hides it. */
const OPENS = [
  '--add-exports=java.base/sun.nio.ch=ALL-UNNAMED',
  '--add-opens=java.base/java.nio=ALL-UNNAMED',
  '--add-opens=java.base/java.lang=ALL-UNNAMED',
  '--add-opens=java.base/java.util=ALL-UNNAMED',
  '--add-opens=java.base/java.net=ALL-UNNAMED',
];
const BIND_TO = fileURLToPath(new URL('BindTo.java', import.meta.url));

/** One JVM of RocketMQ, whose process id stands in `<folder>/<name>.pid` while it may run. */
export class Jvm {
  #child;
  #exited;
  #ended = false;
  #told = false;

  /**
   * @param {{ name: string, folder: string, home?: string, lib: string, heap: string[], main: string, args: string[],
   *   logback: string, bind?: string | null }} options `home` is where it writes, `folder` unless given; `bind`: see `BindTo.java`
   */
  constructor({ name, folder, home = folder, lib, heap, main, args, logback, bind = null }) {
    this.name = name;
    this.pidFile = join(folder, `${name}.pid`);
    this.outputFile = join(folder, `${name}.out`);
    const output = openSync(this.outputFile, 'w');
    // The process writes its id itself and then becomes java, so that there is no moment at which nobody knows it.
    this.#child = spawn(
      'sh',
      [
        '-c',
        'echo $$ >"$0" && exec "$@"',
        this.pidFile,
        'java',
        ...this.#flags(home, heap, logback, nativeLibrary(lib)),
        '-cp',
        join(lib, '*'),
        ...(bind ? [BIND_TO, bind] : []),
        main,
        ...args,
      ],
      {
        cwd: home,
        env: { ...process.env, ROCKETMQ_HOME: home },
        stdio: ['ignore', output, output],
        detached: true,
      },
    );
    closeSync(output);
    // Not a reason for this process to stay.
    this.#child.unref();
    this.#exited = new Promise((resolve) => {
      this.#child.once('error', resolve).once('exit', resolve);
    }).then(() => (this.#ended = true));
  }

  /** 0 if it could not be started. */
  get pid() {
    return this.#child.pid ?? 0;
  }

  get ended() {
    return this.#ended;
  }

  /** Ended, and nobody told it to. */
  get endedByItself() {
    return this.#ended && !this.#told;
  }

  /** @param {NodeJS.Signals} signal */
  signal(signal) {
    if (signal === 'SIGKILL' || signal === 'SIGTERM') this.#told = true;
    if (!this.#ended) this.#child.kill(signal);
  }

  /** Without warning, as the power does. RocketMQ takes seconds to end when asked, and keeps a port until then. */
  async kill() {
    this.#child.ref();
    this.signal('SIGKILL');
    await this.#exited;
    await rm(this.pidFile, { force: true });
  }

  /** What it printed, for errors. */
  async output() {
    return (await readFile(this.outputFile, 'utf8').catch(() => '')).trim();
  }

  /** As an administrator does. Resolves when it has ended, which takes RocketMQ some seconds. */
  async terminate() {
    this.#child.ref();
    this.signal('SIGTERM');
    await this.#exited;
    await rm(this.pidFile, { force: true });
  }

  /**
   * @param {string} home
   * @param {string[]} heap
   * @param {string} logback
   * @param {string | null} native
   */
  #flags(home, heap, logback, native) {
    return [
      ...heap,
      '-XX:+UseSerialGC',
      '-XX:TieredStopAtLevel=1',
      '-Xshare:auto',
      ...OPENS,
      ...(native ? [`-Djava.library.path=${native}`] : []),
      // Logs and what else it writes go below its home.
      `-Duser.home=${home}`,
      `-Drocketmq.home.dir=${home}`,
      `-Drmq.logback.configurationFile=${logback}`,
      '-Dtls.test.mode.enable=false',
      `-Dtls.server.keyPath=${join(home, TLS_KEY)}`,
      `-Dtls.server.certPath=${join(home, TLS_CERTIFICATE)}`,
    ];
  }
}
