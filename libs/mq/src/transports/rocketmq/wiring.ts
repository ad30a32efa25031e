import type { Metadata } from '@grpc/grpc-js';
import { hostname } from 'node:os';
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../core/runtime/clock.js';
import { loadPeers } from './peers.js';
import type { FilterExpression, Resource } from './protocol/generated.js';
import type { ResolvedRocketmqOptions } from './rocketmq-options.js';
import { RouteTable } from './routes/route-table.js';
import { Session } from './session/session.js';
import { consumerSettings, producerSettings } from './session/settings.js';
import { CallHeaders } from './wire/call-headers.js';
import { Connections } from './wire/connections.js';

/** The limit of a long poll that settings carry; each poll says its own. */
const DEFAULT_WAIT_MS = 20_000;

/**
 * What one connected transport consists of: connections, routes, and a session for each thing that servers know by a
 * name of its own. Members of one group share a session, because servers want the subscriptions of a group to be alike.
 */
export class Wiring {
  readonly connections: Connections;
  readonly routes: RouteTable;
  readonly clock: Clock;
  readonly requestTimeoutMs: number;
  readonly maxUnpackedBytes: number;
  private readonly callHeaders: CallHeaders;
  private readonly over = new AbortController();
  private readonly instance = `${hostname()}@${process.pid}@${randomUUID().slice(0, 8)}`;
  private readonly sessions = new Map<string, Session>();
  private readonly published = new Map<string, Resource>();
  private readonly subscribed = new Map<string, Map<string, { topic: Resource; expression: FilterExpression }>>();

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
    const session = this.session('producer', null, () =>
      producerSettings(this.options.accessPoints[0]!, [...this.published.values()], this.requestTimeoutMs),
    );
    if (isNew) session.update();
    return session;
  }

  /** The session under which this group reads this topic, and whatever else it reads. */
  consumer(group: string, topic: string, expression: FilterExpression): Session {
    const topics = this.subscribed.get(group) ?? new Map<string, { topic: Resource; expression: FilterExpression }>();
    this.subscribed.set(group, topics);
    const isNew = topics.get(topic)?.expression.expression !== expression.expression;
    if (isNew) topics.set(topic, { topic: this.resource(topic), expression });
    const session = this.session(group, this.resource(group), () =>
      consumerSettings(this.options.accessPoints[0]!, this.resource(group), [...topics.values()], {
        timeoutMs: this.requestTimeoutMs,
        waitMs: DEFAULT_WAIT_MS,
      }),
    );
    if (isNew) session.update();
    return session;
  }

  async close(): Promise<void> {
    this.over.abort();
    await Promise.all(Array.from(this.sessions.values(), (session) => session.close()));
    this.connections.close();
  }

  private session(name: string, group: Resource | null, settings: () => ReturnType<typeof consumerSettings>): Session {
    const key = group ? `group ${name}` : name;
    let session = this.sessions.get(key);
    if (!session) {
      const clientId = `${this.instance}@${this.sessions.size}`;
      session = new Session({
        who: name,
        clientId,
        clientType: group ? 'SIMPLE_CONSUMER' : 'PRODUCER',
        group,
        timeoutMs: this.options.connectTimeoutMs,
        clock: this.clock,
        headers: () => this.headers(clientId),
        settings,
      });
      this.sessions.set(key, session);
    }
    return session;
  }
}
