import type { Metadata } from '@grpc/grpc-js';
import type { Clock } from '../../../core/runtime/clock.js';
import { TransportError } from '../../../core/transport/transport-error.js';
import { isOk } from '../refusal.js';
import type { ClientType, Resource, Settings } from '../protocol/generated.js';
import type { Connection } from '../wire/connection.js';
import { untilAborted } from '../wire/until-aborted.js';
import { Telemetry } from './telemetry.js';

/** What the official clients do; a server forgets a client after about two minutes without one. */
const HEARTBEAT_MS = 10_000;
/** Heartbeats between two times that a server is told the settings, and tells its own: a group's `retryMaxTimes` may change. */
const SETTINGS_EVERY = 30;
/** After one that was not answered: the connection is given up after the second, and polls hang on it until then. */
const HEARTBEAT_AGAIN_MS = 1_000;
/** Nobody waits longer than this for a server to hear that we go. */
const GOODBYE_MS = 1_000;

export interface SessionOptions {
  /** For messages: `GID_stock`, `producer`. */
  readonly who: string;
  readonly clientId: string;
  readonly clientType: ClientType;
  /** `null` for a producer. */
  readonly group: Resource | null;
  readonly timeoutMs: number;
  readonly clock: Clock;
  headers(): Metadata;
  settings(connection: Connection): Settings;
}

/**
 * One client as servers see it: a producer, or the member of one consumer group. It introduces itself to each server that
 * it is asked to use, and says every ten seconds that it still lives, which is also how a connection that has gone silent
 * is found out while nothing else is sent.
 */
export class Session {
  private readonly servers = new Map<Connection, Telemetry>();
  private readonly over = new AbortController();
  private forgetHeartbeat: (() => void) | null = null;
  private beats = 0;

  constructor(private readonly options: SessionOptions) {}

  get clientId(): string {
    return this.options.clientId;
  }

  /** Resolves when this server knows us. @throws {TransportError} before anything else was sent */
  async ready(connection: Connection, signal: AbortSignal): Promise<void> {
    const telemetry = this.with(connection);
    if (telemetry.isReady) return;
    await untilAborted(telemetry.ready(), signal, this.options.who);
    if (this.forgetHeartbeat === null && !this.over.signal.aborted) void this.beat();
  }

  /** How often this server delivers a message to our group before it gives it up; `null` if it did not say. */
  maxDeliveries(connection: Connection): number | null {
    return this.servers.get(connection)?.maxDeliveries ?? null;
  }

  /** Whether this server keeps the order of messages for our group; `null` if it did not say. */
  isOrderly(connection: Connection): boolean | null {
    return this.servers.get(connection)?.isOrderly ?? null;
  }

  /** What we want has changed, or what the group was made with may have: every server that knows us is told. */
  update(): void {
    for (const telemetry of this.servers.values()) telemetry.sync();
  }

  /** This server behaves as if it did not know us any more: introduce ourselves again. */
  renew(connection: Connection): void {
    this.servers.get(connection)?.close();
  }

  /** Tells the servers that know us that we go, for a second at most, and ends the streams. Never rejects. */
  async close(): Promise<void> {
    this.forgetHeartbeat?.();
    this.over.abort();
    const signal = new AbortController().signal;
    const request = this.options.group ? { group: this.options.group } : {};
    const known = [...this.servers].filter(([, telemetry]) => telemetry.isReady);
    await Promise.all(
      known.map(([connection]) =>
        connection
          .unary('notifyClientTermination', request, this.call('goodbye', GOODBYE_MS, signal))
          .catch(() => undefined),
      ),
    );
    for (const telemetry of this.servers.values()) telemetry.close();
    this.servers.clear();
  }

  private with(connection: Connection): Telemetry {
    const { who, timeoutMs, clock } = this.options;
    if (this.over.signal.aborted) throw new TransportError('unavailable', `session of ${who}: closed`);
    let telemetry = this.servers.get(connection);
    if (!telemetry) {
      telemetry = new Telemetry({
        what: `session of ${who} at ${connection.endpoint.key}`,
        timeoutMs,
        clock,
        connect: () => connection.telemetry(this.options.headers()),
        unanswered: (stream) => connection.unanswered(stream),
        settings: () => this.options.settings(connection),
      });
      this.servers.set(connection, telemetry);
    }
    return telemetry;
  }

  private async beat(): Promise<void> {
    this.beatIn(HEARTBEAT_MS);
    if (++this.beats % SETTINGS_EVERY === 0) this.update();
    const { clientType, group, timeoutMs } = this.options;
    const request = { clientType, ...(group && { group }) };
    const known = [...this.servers].filter(([, telemetry]) => telemetry.isReady);
    const answers = await Promise.all(
      known.map(async ([connection, telemetry]) => {
        const call = this.call('heartbeat', timeoutMs, this.over.signal);
        const answer = await connection.unary('heartbeat', request, call).catch(() => null);
        // An answer that is no OK comes from a server that has forgotten the settings; a missing answer is handled by the connection.
        if (answer && !isOk(answer.status)) telemetry.sync();
        return answer;
      }),
    );
    if (answers.includes(null) && !this.over.signal.aborted) this.beatIn(HEARTBEAT_AGAIN_MS);
  }

  private beatIn(ms: number): void {
    this.forgetHeartbeat?.();
    this.forgetHeartbeat = this.options.clock.schedule(ms, () => void this.beat());
  }

  private call(
    what: string,
    deadlineMs: number,
    signal: AbortSignal,
  ): { what: string; headers: Metadata; deadlineMs: number; signal: AbortSignal } {
    return { what: `${what} of ${this.options.who}`, headers: this.options.headers(), deadlineMs, signal };
  }
}
