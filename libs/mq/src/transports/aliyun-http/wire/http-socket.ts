import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { describeError } from '../../../core/errors/describe-error.js';
import type { Clock } from '../../../core/runtime/clock.js';
import { deferred } from '../../../core/runtime/deferred.js';
import { AnswerReader } from './answer-reader.js';
import type { HttpExchange } from './http-exchange.js';

/** Where sockets go, and what they remember of it. */
export interface HttpOrigin {
  readonly url: URL;
  readonly connectTimeoutMs: number;
  readonly clock: Clock;
  /** Of TLS, for a shorter handshake next time. */
  session?: Buffer;
}

/** What becomes of a socket. */
export interface SocketOwner {
  /** It can carry another exchange. */
  onFree(socket: HttpSocket): void;
  onClosed(socket: HttpSocket): void;
}

/** Servers of Node close after 5 s, and what reaches them then is lost; the poorer guess costs a connection, the other one an answer. */
const IDLE_MS = 4_000;
const MAX_IDLE_MS = 600_000;
/** How much earlier than the server we close, which began to count earlier. */
const IDLE_AHEAD_MS = 2_000;
const PROBE_AFTER_MS = 60_000;

/**
 * One connection, which carries one exchange at a time.
 *
 * States: *connecting*, *busy* (an exchange is under way), *idle*, *closed*. The first exchange is given to it while it connects. What
 * ends an exchange that was started, other than its complete answer, ends the connection with it: what comes later must not be read as the
 * answer to another request. For the same reason a byte that comes while it is idle closes it.
 */
export class HttpSocket {
  private readonly socket: Socket;
  private readonly whenClosed = deferred<void>();
  private readonly forgetTimeout: () => void;
  private connected = false;
  private exchange: HttpExchange | null;
  private reader: AnswerReader | null = null;
  private idleMs = IDLE_MS;
  private idleSince = 0;

  constructor(
    private readonly origin: HttpOrigin,
    private readonly owner: SocketOwner,
    first: HttpExchange,
  ) {
    this.exchange = first;
    this.socket = openSocket(origin, () => this.onConnected());
    this.forgetTimeout = origin.clock.schedule(origin.connectTimeoutMs, () =>
      this.socket.destroy(new Error(`no connection within ${origin.connectTimeoutMs} ms`)),
    );
    this.socket
      .setNoDelay(true)
      .setKeepAlive(true, PROBE_AFTER_MS)
      .on('data', (piece: Buffer) => this.onData(piece))
      .on('end', () => this.onEnd())
      .on('timeout', () => this.onQuiet())
      .on('error', (error) => this.onBroken(error))
      .on('close', () => this.onClosed());
  }

  /** Whether it may be given an exchange. After a time without turns of the event loop nobody has told it yet that the server has closed. */
  get isUsable(): boolean {
    const { clock } = this.origin;
    return this.connected && this.socket.writable && clock.monotonic() - this.idleSince < this.idleMs;
  }

  /** For an idle one that is usable. */
  run(exchange: HttpExchange): void {
    this.exchange = exchange;
    this.socket.ref();
    this.begin();
  }

  /** Resolves when the connection is gone. What is under way fails as one whose connection broke. */
  close(why?: string): Promise<void> {
    this.socket.destroy(why === undefined ? undefined : new Error(why));
    return this.whenClosed.promise;
  }

  private begin(): void {
    const { exchange } = this;
    const text = exchange?.begin(this.origin.url.host, () => this.socket.destroy());
    // It has ended in the meantime, and nothing of it was written.
    if (!exchange || text === undefined) return this.free();
    const { clock } = this.origin;
    this.reader = new AnswerReader(exchange.maxResponseBytes, () => clock.monotonic());
    this.socket.write(text);
  }

  private free(): void {
    this.exchange = null;
    this.reader = null;
    this.idleSince = this.origin.clock.monotonic();
    this.owner.onFree(this);
    if (this.exchange === null) this.socket.unref();
  }

  private onConnected(): void {
    this.forgetTimeout();
    this.connected = true;
    this.socket.setTimeout(this.idleMs);
    this.begin();
  }

  private onData(piece: Buffer): void {
    const { reader } = this;
    if (!reader) return void this.socket.destroy();
    try {
      reader.push(piece);
    } catch (error) {
      return this.exchange!.fail(describeError(error).message);
    }
    if (reader.isComplete) this.onAnswer(reader);
  }

  private onEnd(): void {
    const { reader } = this;
    if (!reader) return;
    try {
      reader.end();
      this.onAnswer(reader);
    } catch (error) {
      this.exchange!.fail(describeError(error).message);
    }
  }

  private onAnswer(reader: AnswerReader): void {
    const exchange = this.exchange!;
    this.exchange = null;
    this.reader = null;
    exchange.succeed(reader.answer);
    // An answer may come before the request has left completely: its rest would come before the next one.
    const isWritten = this.socket.writableLength === 0;
    const idleMs = reader.idleMs === null ? IDLE_MS : Math.min(MAX_IDLE_MS, reader.idleMs - IDLE_AHEAD_MS);
    if (!reader.leavesSocketUsable || !isWritten || idleMs <= 0) return void this.socket.destroy();
    if (idleMs !== this.idleMs) this.socket.setTimeout((this.idleMs = idleMs));
    this.free();
  }

  /** Nothing was read or written for as long as it may be idle; while an exchange is under way, that has its own deadline. */
  private onQuiet(): void {
    if (this.connected && this.exchange === null) this.socket.destroy();
  }

  private onBroken(error: Error): void {
    const { exchange } = this;
    this.exchange = null;
    this.reader = null;
    exchange?.break(error);
  }

  private onClosed(): void {
    this.forgetTimeout();
    this.onBroken(new Error('the other side closed'));
    this.whenClosed.resolve();
    this.owner.onClosed(this);
  }
}

function openSocket(origin: HttpOrigin, onConnected: () => void): Socket {
  const { protocol, hostname, port } = origin.url;
  const host = hostname.replace(/^\[|\]$/g, '');
  if (protocol === 'http:') return connectTcp({ host, port: Number(port || 80) }, onConnected);
  const options = {
    host,
    port: Number(port || 443),
    ALPNProtocols: ['http/1.1'],
    ...(origin.session && { session: origin.session }),
  };
  // An address is no name that a server could have several certificates for.
  const socket = connectTls({ ...options, ...(isIP(host) === 0 && { servername: host }) }, onConnected);
  return socket.on('session', (session: Buffer) => (origin.session = session));
}
