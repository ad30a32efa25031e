import type { Metadata } from '@grpc/grpc-js';
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { TransportError } from '../../../core/transport/transport-error.js';
import type { ResolvedRocketmqOptions } from '../options.js';
import type { FilterExpression, Resource } from '../protocol/generated.js';
import type { Connection } from '../wire/connection.js';
import { Session } from './session.js';
import { consumerSettings, producerSettings } from './settings.js';

/** The limit of a long poll that settings carry; each poll says its own. */
const DEFAULT_WAIT_MS = 20_000;
const PRODUCER = 'producer';
const GROUP = 'group ';

interface Subscribed {
  readonly topic: Resource;
  readonly expression: FilterExpression;
}

/**
 * The sessions of one transport: one for all that it sends, and one for each group, because servers want the subscriptions
 * of a group to be alike.
 *
 * A server checks the rights to all topics of a session at once, and refuses it for the lack of one (Apache's, 5.5.0). Then
 * each of its topics goes on under a session of its own: one that may not be used must not cost the others.
 */
export class Sessions {
  /** Begins the client ids of this transport. */
  readonly instance = `${hostname()}@${process.pid}@${randomUUID().slice(0, 8)}`;
  private readonly sessions = new Map<string, Session>();
  /** Names of sessions that were given up for one for each of their topics. */
  private readonly divided = new Set<string>();
  private readonly written = new Map<string, Resource>();
  private readonly subscribed = new Map<string, Map<string, Subscribed>>();

  constructor(
    private readonly options: ResolvedRocketmqOptions,
    private readonly headers: (clientId: string) => Metadata,
  ) {}

  /** The session under which this topic is written to. */
  producer(topic: Resource & { readonly name: string }): Session {
    const isNew = !this.written.has(topic.name);
    if (isNew) this.written.set(topic.name, topic);
    return this.session(PRODUCER, topic.name, isNew, null, (own) =>
      producerSettings(
        this.options.accessPoints[0]!,
        own ? [topic] : [...this.written.values()],
        this.options.requestTimeoutMs,
      ),
    );
  }

  /** The session under which this group reads this topic, and whatever else it reads. */
  consumer(
    group: Resource & { readonly name: string },
    topic: Resource & { readonly name: string },
    expression: FilterExpression,
  ): Session {
    const topics = this.subscribed.get(group.name) ?? new Map<string, Subscribed>();
    this.subscribed.set(group.name, topics);
    const isNew = topics.get(topic.name)?.expression.expression !== expression.expression;
    if (isNew) topics.set(topic.name, { topic, expression });
    return this.session(group.name, topic.name, isNew, group, (own) =>
      consumerSettings(this.options.accessPoints[0]!, group, own ? [topics.get(topic.name)!] : [...topics.values()], {
        timeoutMs: this.options.requestTimeoutMs,
        waitMs: DEFAULT_WAIT_MS,
      }),
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

  async close(): Promise<void> {
    await Promise.all(Array.from(this.sessions.values(), (session) => session.close()));
  }

  /** `false` for a session of one topic. It is not closed: polls are still under way in its name. */
  private divide(session: Session): boolean {
    const [key] = [...this.sessions].find(([, each]) => each === session) ?? [];
    const topics = key === PRODUCER ? this.written : this.subscribed.get(key?.slice(GROUP.length) ?? '');
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
      clock: this.options.clock,
      headers: () => this.headers(clientId),
      settings: () => settings(own),
    });
    this.sessions.set(key, session);
    return session;
  }
}
