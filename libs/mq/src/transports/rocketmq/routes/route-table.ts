import type { Clock } from '../../../core/runtime/clock.js';
import { TransportError, type TransportErrorKind } from '../../../core/transport/transport-error.js';
import { isOk, refusal } from '../refusal.js';
import type { Resource } from '../protocol/generated.js';
import { unsent } from '../wire/unsent.js';
import type { Call, Connection } from '../wire/connection.js';
import { writeEndpoint, type Endpoint } from '../wire/endpoint.js';
import { untilAborted } from '../wire/until-aborted.js';
import { Route } from './route.js';

/** What the official clients do. */
const REFRESH_MS = 30_000;
/**
 * How long a topic that was there may be missing before that is believed. A broker that comes back answers "no such
 * topic" until it has registered with the name server: 10 seconds were measured.
 */
const REGISTRATION_MS = 60_000;

/** What is said of one access point and not of the topic. */
const ASK_ANOTHER: readonly TransportErrorKind[] = ['unavailable', 'throttled'];

/** Between two questions for a route that is in use although the topic is said to be missing. */
const ASK_AGAIN_MS = 1_000;

export interface RouteTableOptions {
  readonly accessPoints: readonly Endpoint[];
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  connection(endpoint: Endpoint): Connection;
  resource(topic: string): Resource;
  headers(): Call['headers'];
}

interface Entry {
  route: Route | null;
  /** Whether this topic was ever there. */
  wasThere: boolean;
  /** When it was last asked for. */
  askedAt: number;
  asking: Promise<Route> | null;
  /** Since when a topic that was there is missing. */
  missingSince: number | null;
}

/**
 * Which servers hold which topic. Asked when a topic is first used, then again in the background when somebody uses a
 * route that is older than half a minute: nothing is asked while nobody sends or polls. Each topic is asked by itself, so
 * one that does not exist says nothing about the others.
 */
export class RouteTable {
  private readonly entries = new Map<string, Entry>();
  /** The access point that answered last. */
  private preferred = 0;

  constructor(private readonly options: RouteTableOptions) {}

  /** @throws {TransportError} before anything else was sent: never `unknown` */
  async get(topic: string, signal: AbortSignal): Promise<Route> {
    const entry = this.entry(topic);
    if (!entry.route) return untilAborted(this.ask(topic, entry), signal, `route of '${topic}'`);
    // A failed refresh leaves the old route in use; when that is wrong, whoever uses it finds out, and says so.
    if (this.options.clock.monotonic() - entry.askedAt > REFRESH_MS) this.ask(topic, entry).catch(() => undefined);
    return entry.route;
  }

  /**
   * A server of the route could not be reached: the next use asks for it anew. That use does not wait for the answer,
   * because the server that knows routes may be the one that is away, while another still takes messages.
   */
  doubt(topic: string): void {
    this.entry(topic).askedAt = Number.NEGATIVE_INFINITY;
  }

  /** A server has just worked with this topic. */
  confirm(topic: string): void {
    this.entry(topic).missingSince = null;
  }

  /**
   * `error`, or something milder: a topic that was there a moment ago is probably only being registered again. Of several
   * brokers the others go on meanwhile, by the route that was known: the one that starts may be the one that is asked.
   */
  judge(topic: string, error: TransportError): TransportError {
    if (error.brokerCode !== 'TOPIC_NOT_FOUND') return error;
    const entry = this.entry(topic);
    const now = this.options.clock.monotonic();
    if (entry.wasThere) entry.missingSince ??= now;
    const isBelieved = entry.missingSince === null || now - entry.missingSince > REGISTRATION_MS;
    if (isBelieved || !entry.route?.hasSeveralBrokers) entry.route = null;
    else entry.askedAt = Math.min(entry.askedAt, now - REFRESH_MS + ASK_AGAIN_MS);
    if (isBelieved) return error;
    const message = `${error.message}; it was there before, so the broker may be starting`;
    return error.with({ kind: 'unavailable', message, cause: error });
  }

  private entry(topic: string): Entry {
    let entry = this.entries.get(topic);
    if (!entry) {
      entry = { route: null, wasThere: false, askedAt: Number.NEGATIVE_INFINITY, asking: null, missingSince: null };
      this.entries.set(topic, entry);
    }
    return entry;
  }

  private ask(topic: string, entry: Entry): Promise<Route> {
    if (entry.asking) return entry.asking;
    entry.askedAt = this.options.clock.monotonic();
    entry.asking = this.query(topic)
      .then((route) => {
        entry.route = route;
        entry.wasThere = true;
        return route;
      })
      .catch((error: unknown) => {
        throw error instanceof TransportError ? this.judge(topic, error) : error;
      })
      .finally(() => (entry.asking = null));
    return entry.asking;
  }

  /**
   * Each access point once, beginning with the one that answered last. A proxy inside of a broker knows what that broker's
   * topics take and no other's (5.5.0), so one that says that the topic is gone is believed when no other knows better.
   */
  private async query(topic: string): Promise<Route> {
    const { accessPoints } = this.options;
    // Looked at once: other topics are asked for at the same time, and move it.
    const first = this.preferred;
    let failure: unknown;
    let deleted: Route | null = null;
    for (let tried = 0; tried < accessPoints.length; tried += 1) {
      const turn = (first + tried) % accessPoints.length;
      try {
        const route = await this.queryAt(accessPoints[turn]!, topic);
        if (!route.isDeleted) {
          this.preferred = turn;
          return route;
        }
        deleted ??= route;
      } catch (error) {
        failure = error;
        if (!(error instanceof TransportError) || !ASK_ANOTHER.includes(error.kind)) throw error;
      }
    }
    if (deleted) return deleted;
    throw failure;
  }

  private async queryAt(endpoint: Endpoint, topic: string): Promise<Route> {
    const { timeoutMs, signal } = this.options;
    const what = `route of '${topic}'`;
    const request = { topic: this.options.resource(topic), endpoints: writeEndpoint(endpoint) };
    try {
      const call = { what, headers: this.options.headers(), deadlineMs: timeoutMs, signal };
      const answer = await this.options.connection(endpoint).unary('queryRoute', request, call);
      if (!isOk(answer.status)) throw refusal(what, answer.status);
      return new Route(answer.messageQueues);
    } catch (error) {
      throw unsent(error);
    }
  }
}
