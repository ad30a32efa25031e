import type { Metadata } from '@grpc/grpc-js';
import { hostname } from 'node:os';
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../core/runtime/clock.js';
import { TransportError } from '../../core/transport/transport-error.js';
import { loadPeers } from './peers.js';
import type { FilterExpression, Resource } from './protocol/generated.js';
import type { ResolvedRocketmqOptions } from './rocketmq-options.js';
import type { Queue } from './routes/route.js';
import { Refusals } from './routes/refusals.js';
import { RouteTable } from './routes/route-table.js';
import { Session } from './session/session.js';
import { consumerSettings, producerSettings } from './session/settings.js';
import { CallHeaders } from './wire/call-headers.js';
import type { Connection } from './wire/connection.js';
import { Connections } from './wire/connections.js';

/** The limit of a long poll that settings carry; each poll says its own. */
const DEFAULT_WAIT_MS = 20_000;
const PRODUCER = 'producer';
const GROUP = 'group ';

interface Subscribed {
  readonly topic: Resource;
  readonly expression: FilterExpression;
}

/**
 * What one connected transport consists of: connections, routes, and a session for each thing that servers know by a
 * name of its own. Members of one group share a session, because servers want the subscriptions of a group to be alike.
 *
 * A server checks the rights to all topics of a session at once, and refuses it for the lack of one (Apache's, 5.5.0). Then
 * each of its topics goes on under a session of its own: one that may not be used must not cost the others.
 */
export class Wiring {
  readonly connections: Connections;
  readonly routes: RouteTable;
  readonly refusals: Refusals;
  readonly clock: Clock;
  readonly requestTimeoutMs: number;
  readonly maxUnpackedBytes: number;
  private readonly callHeaders: CallHeaders;
  private readonly over = new AbortController();
  private readonly instance = `${hostname()}@${process.pid}@${randomUUID().slice(0, 8)}`;
  private readonly sessions = new Map<string, Session>();
  /** Names of sessions that were given up for one for each of their topics. */
  private readonly divided = new Set<string>();
  private readonly published = new Map<string, Resource>();
  private readonly subscribed = new Map<string, Map<string, Subscribed>>();

  static async open(options: ResolvedRocketmqOptions): Promise<Wiring> {
    return new Wiring(await loadPeers(), options);
  }

  private constructor(
    peers: Awaited<ReturnType<typeof loadPeers>>,
    private readonly options: ResolvedRocketmqOptions,
  ) {
    const { clock, credentials, namespace, tls, accessPoints, connectTimeoutMs } = options;
    this.clock = clock;
    this.requestTimeoutMs = options.requestTimeoutMs;
    this.maxUnpackedBytes = options.maxUnpackedBytes;
    this.callHeaders = new CallHeaders(() => new peers.grpc.Metadata(), credentials, namespace, clock);
    this.refusals = new Refusals(clock);
    this.connections = new Connections(peers, tls, clock);
    this.routes = new RouteTable({
      accessPoints,
      timeoutMs: connectTimeoutMs,
      clock,
      signal: this.over.signal,
      connection: (endpoint) => this.connections.to(endpoint),
      resource: (topic) => this.resource(topic),
      headers: () => this.headers(`${this.instance}@routes`),
    });
  }

  headers(clientId: string): Metadata {
    return this.callHeaders.of(clientId);
  }

  resource(name: string): Resource & { readonly name: string } {
    return { resourceNamespace: this.options.namespace, name };
  }

  /** The session under which this topic is written to. */
  producer(topic: string): Session {
    const isNew = !this.published.has(topic);
    if (isNew) this.published.set(topic, this.resource(topic));
    return this.session(PRODUCER, topic, isNew, null, (own) =>
      producerSettings(
        this.options.accessPoints[0]!,
        own ? [this.resource(topic)] : [...this.published.values()],
        this.requestTimeoutMs,
      ),
    );
  }

  /** The session under which this group reads this topic, and whatever else it reads. */
  consumer(group: string, topic: string, expression: FilterExpression): Session {
    const topics = this.subscribed.get(group) ?? new Map<string, Subscribed>();
    this.subscribed.set(group, topics);
    const isNew = topics.get(topic)?.expression.expression !== expression.expression;
    if (isNew) topics.set(topic, { topic: this.resource(topic), expression });
    return this.session(group, topic, isNew, this.resource(group), (own) =>
      consumerSettings(
        this.options.accessPoints[0]!,
        this.resource(group),
        own ? [topics.get(topic)!] : [...topics.values()],
        { timeoutMs: this.requestTimeoutMs, waitMs: DEFAULT_WAIT_MS },
      ),
    );
  }

  /**
   * The session that `choose` answers, once this server knows it.
   * @throws {TransportError} before anything else was sent
   */
  async introduce(choose: () => Session, connection: Connection, signal: AbortSignal): Promise<Session> {
    const session = choose();
    try {
      await session.ready(connection, signal);
      return session;
    } catch (error) {
      const isForbidden = error instanceof TransportError && error.kind === 'forbidden';
      if (!isForbidden || !this.divide(session)) throw error;
    }
    const own = choose();
    await own.ready(connection, signal);
    return own;
  }

  /** Whether a message that may go elsewhere should: its server, or the broker behind that, failed lately. */
  isDoubtful({ endpoint, takenBy }: Queue): boolean {
    return this.connections.to(endpoint).isDoubtful || this.refusals.has(takenBy);
  }

  async close(): Promise<void> {
    this.over.abort();
    await Promise.all(Array.from(this.sessions.values(), (session) => session.close()));
    this.connections.close();
  }

  /** `false` for a session of one topic. It is not closed: polls are still under way in its name. */
  private divide(session: Session): boolean {
    const [key] = [...this.sessions].find(([, each]) => each === session) ?? [];
    const topics = key === PRODUCER ? this.published : this.subscribed.get(key?.slice(GROUP.length) ?? '');
    if (key === undefined || !topics || topics.size < 2) return false;
    this.divided.add(key);
    return true;
  }

  private session(
    who: string,
    topic: string,
    isNew: boolean,
    group: Resource | null,
    settings: (own: boolean) => ReturnType<typeof consumerSettings>,
  ): Session {
    const name = group ? GROUP + who : PRODUCER;
    const own = this.divided.has(name);
    const key = own ? `${name} ${topic}` : name;
    const known = this.sessions.get(key);
    if (known && isNew) known.update();
    if (known) return known;
    const clientId = `${this.instance}@${this.sessions.size}`;
    const session = new Session({
      who,
      clientId,
      clientType: group ? 'SIMPLE_CONSUMER' : 'PRODUCER',
      group,
      timeoutMs: this.options.connectTimeoutMs,
      clock: this.clock,
      headers: () => this.headers(clientId),
      settings: () => settings(own),
    });
    this.sessions.set(key, session);
    return session;
  }
}
