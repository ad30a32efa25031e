import { TransportError } from '../../core/transport/transport-error.js';
import type { Delivery, MessageSource, ReceiveRequest, Settlement } from '../../core/transport/transport.js';
import { extendedHandle } from './message/extended-handle.js';
import { readMessage, type DeliveryHandle } from './message/read-message.js';
import { isOk, refusal } from './refusal.js';
import type { FilterExpression, Resource } from './protocol/generated.js';
import { toDuration } from './protocol/times.js';
import { unsent } from './wire/unsent.js';
import { readSettlements, settlementOf } from './message/read-settlements.js';
import { checkGroup, type GroupNeeds } from './receive/check-group.js';
import { PollSet } from './receive/poll-set.js';
import type { Queue, Route } from './routes/route.js';
import type { ResolvedRocketmqOptions } from './options.js';
import type { RocketmqClient } from './client.js';
import type { Session } from './session/session.js';
import type { Connection } from './wire/connection.js';

/**
 * The longest wait of a poll, and so the longest that its end takes: a poll is never cancelled. The broker does not hear of
 * that, goes on waiting, and takes the next messages out of the queue for nobody. The proxy then puts them back, and Apache's
 * 5.5.0 with the proxy inside of the broker loses some of them for good: of 150 messages, each sent just after a poll was
 * cancelled, 7 had not come again after five minutes. A poll for some tags throws away what has others, besides: of 40
 * messages that a successor without tags waited for, it got the 5 that came after 20 s.
 * No proxy waits less than this unless it is configured to. A frozen broker makes the end take the time of a request longer:
 * nobody can tell from here whether its answer, with messages, is on its way.
 */
const WAIT_MS = 5_000;
const NEVER = new AbortController().signal;

export interface SourceSpec extends GroupNeeds {
  readonly topic: Resource & { readonly name: string };
  readonly group: Resource & { readonly name: string };
  readonly filter: FilterExpression;
}

/** The messages of one topic for one group. */
export class RocketmqSource implements MessageSource {
  private readonly polls: PollSet;
  private closed = false;

  constructor(
    private readonly connect: () => Promise<RocketmqClient>,
    private readonly session: (client: RocketmqClient) => Session,
    private readonly spec: SourceSpec,
    private readonly options: Pick<ResolvedRocketmqOptions, 'clock' | 'requestTimeoutMs' | 'maxUnpackedBytes'>,
  ) {
    const giveBack = (delivery: Delivery): Promise<Settlement> => this.retryIn(delivery, 0, NEVER, true);
    const extend: Required<MessageSource>['extend'] = (...args) => this.extend(...args);
    this.polls = new PollSet(
      (queue, ask, signal) => this.poll(queue, ask, signal),
      { extend, giveBack },
      options.clock,
    );
  }

  async receive(request: ReceiveRequest, signal: AbortSignal): Promise<Delivery[]> {
    if (this.closed) throw new TransportError('aborted', `${this.what('poll')}: the subscription is closed`);
    const route = await this.route(request, signal);
    if (!route) return [];
    if (route.readable.length === 0)
      throw new TransportError('not-found', `${this.what('poll')}: the topic may not be read`);
    return this.polls.receive(route.readable, request, signal);
  }

  async ack(deliveries: readonly Delivery[], signal: AbortSignal): Promise<Settlement[]> {
    const byServer = new Map<string | undefined, Delivery[]>();
    for (const delivery of deliveries) {
      const { server } = delivery;
      byServer.set(server, [...(byServer.get(server) ?? []), delivery]);
    }
    const settled = new Map<Delivery, Settlement>();
    await Promise.all(
      Array.from(byServer.values(), async (group) => {
        const settlements = await this.ackAt(group, signal);
        group.forEach((delivery, index) => settled.set(delivery, settlements[index]!));
      }),
    );
    return deliveries.map((delivery) => settled.get(delivery)!);
  }

  async retryIn(delivery: Delivery, ms: number, signal: AbortSignal, untried = false): Promise<Settlement> {
    const answer = await this.changeInvisible(delivery, ms, signal, untried).catch(() => null);
    if (!answer) return 'unknown';
    return settlementOf(answer.status);
  }

  async extend(delivery: Delivery, ms: number, signal: AbortSignal): Promise<Delivery | null> {
    const startedAt = this.options.clock.monotonic();
    const { status, receiptHandle } = await this.changeInvisible(delivery, ms, signal);
    if (!isOk(status)) {
      const refused = refusal(this.what('lease extension'), status);
      if (refused.kind === 'lease-lost') return null;
      throw refused;
    }
    const { handle: old, ...rest } = delivery;
    const handle: DeliveryHandle = {
      ...(old as DeliveryHandle),
      ...(receiptHandle && { receiptHandle: extendedHandle(receiptHandle) }),
    };
    return { ...rest, leaseEndsAt: startedAt + ms, handle };
  }

  rest(): Promise<void> {
    return this.polls.rest();
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.polls.close();
  }

  /** `null` while the topic may be missing, and is, after the wait that was asked for. */
  private async route({ waitMs }: ReceiveRequest, signal: AbortSignal): Promise<Route | null> {
    try {
      const { routes } = await this.connect();
      return await routes.get(this.spec.topic.name, signal);
    } catch (error) {
      const absent = error instanceof TransportError && error.kind === 'not-found';
      if (!this.spec.isDeadLetters || !absent) throw error;
    }
    await this.options.clock.sleep(waitMs, signal);
    return null;
  }

  private async poll(queue: Queue, ask: ReceiveRequest, signal: AbortSignal): Promise<Delivery[]> {
    const { leaseMs } = ask;
    const waitMs = Math.min(WAIT_MS, ask.waitMs);
    const client = await this.connect();
    const connection = client.connections.to(queue.endpoint);
    const { topic, group, filter } = this.spec;
    const introduced = client.sessions.introduce(() => this.session(client), connection, signal);
    const session = await introduced.catch((error: unknown) => {
      client.routes.doubt(topic.name);
      throw unsent(error);
    });
    checkGroup(this.what('poll'), this.spec, session, connection);
    const parts = await connection.receive(
      {
        group,
        messageQueue: { topic, id: queue.id, broker: { name: queue.brokerName, id: 0 }, permission: 'READ_WRITE' },
        filterExpression: filter,
        batchSize: ask.max,
        invisibleDuration: toDuration(leaseMs),
        autoRenew: false,
        longPollingTimeout: toDuration(waitMs),
      },
      {
        what: this.what('poll'),
        headers: client.headers(session.clientId),
        waitMs,
        deadlineMs: waitMs + this.options.requestTimeoutMs,
        signal: NEVER,
      },
    );
    const messages = parts.flatMap(({ message }) => (message ? [message] : []));
    const status = parts.find((part) => part.status)?.status;
    if (messages.length === 0 && status?.code !== 'MESSAGE_NOT_FOUND' && !isOk(status)) {
      throw this.refused(client, session, connection, status);
    }
    client.routes.confirm(topic.name);
    const origin = {
      endpoint: queue.endpoint,
      brokerName: queue.brokerName,
      // The broker takes all of them out at one moment and answers then: later parts are as old as the first.
      leaseEndsAt: (parts[0]?.receivedAt ?? 0) + leaseMs,
      isDeadLetter: this.spec.isDeadLetters,
      maxDeliveries: session.maxDeliveries(connection),
      now: this.options.clock.now(),
      maxUnpackedBytes: this.options.maxUnpackedBytes,
    };
    return Promise.all(messages.map((message) => readMessage(message, origin)));
  }

  private refused(
    { routes }: RocketmqClient,
    session: Session,
    connection: Connection,
    status: Parameters<typeof refusal>[1],
  ): TransportError {
    // "Settings is null": the proxy has lost what the session told it, and says so only like this.
    if (status?.code === 'INTERNAL_SERVER_ERROR' || status?.code === 'UNRECOGNIZED_CLIENT_TYPE')
      session.renew(connection);
    return routes.judge(this.spec.topic.name, refusal(this.what('poll'), status));
  }

  private async ackAt(deliveries: readonly Delivery[], signal: AbortSignal): Promise<Settlement[]> {
    const handles = deliveries.map(handleOf);
    const unknown = handles.map((): Settlement => 'unknown');
    try {
      const client = await this.connect();
      const { group, topic } = this.spec;
      const entries = handles.map(({ messageId, receiptHandle }) => ({ messageId, receiptHandle }));
      const answer = await client.connections
        .to(handles[0]!.endpoint)
        .unary('ackMessage', { group, topic, entries }, this.call(client, 'acknowledgement', signal));
      return readSettlements(answer, handles);
    } catch {
      // No settlement is known, whatever the reason: the next poll fails for the same reason, and tells it.
      return unknown;
    }
  }

  private async changeInvisible(delivery: Delivery, ms: number, signal: AbortSignal, untried = false) {
    const client = await this.connect();
    const { group, topic } = this.spec;
    const { endpoint, messageId, receiptHandle } = handleOf(delivery);
    return client.connections.to(endpoint).unary(
      'changeInvisibleDuration',
      // Servers newer than 5.3 do not count a suspended delivery, except in ordered groups.
      { group, topic, messageId, receiptHandle, invisibleDuration: toDuration(ms), suspend: untried },
      this.call(client, 'lease change', signal),
    );
  }

  private call(client: RocketmqClient, what: string, signal: AbortSignal) {
    const { clientId } = this.session(client);
    return {
      what: this.what(what),
      headers: client.headers(clientId),
      deadlineMs: this.options.requestTimeoutMs,
      signal,
    };
  }

  private what(doing: string): string {
    return `${doing} of '${this.spec.topic.name}' for ${this.spec.group.name}`;
  }
}

function handleOf(delivery: Delivery): DeliveryHandle {
  return delivery.handle as DeliveryHandle;
}
