import { randomUUID } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { LEASE_MARGIN_MS } from '../../core/config/resolve-groups.js';
import { ActiveDelivery } from '../../core/consumer/delivery/active-delivery.js';
import { DeliveryRun } from '../../core/consumer/delivery/delivery-run.js';
import type { Subscription } from '../../core/consumer/handlers/subscription.js';
import { AckBatcher } from '../../core/consumer/lease/ack-batcher.js';
import { LeasedDelivery } from '../../core/consumer/lease/leased-delivery.js';
import type { ConsumerContext } from '../../core/consumer/state/consumer-context.js';
import { DatabaseCircuit } from '../../core/consumer/state/database-circuit.js';
import { GroupState } from '../../core/consumer/state/group-state.js';
import { StuckHandlers } from '../../core/consumer/state/stuck-handlers.js';
import type { MqErrorCode } from '../../core/errors/codes.js';
import { MqError } from '../../core/errors/mq-error.js';
import { MqEvents } from '../../core/events/event-bus.js';
import type { FailureInfo } from '../../core/events/event-map.js';
import type { NewMessage } from '../../core/message/new-message.js';
import { buildRow } from '../../core/publisher/build-row.js';
import { Semaphore } from '../../core/runtime/semaphore.js';
import { systemRandom } from '../../core/runtime/random.js';
import { uuidV7 } from '../../core/runtime/uuid-v7.js';
import type { DeliveryStore } from '../../core/store/delivery-store.js';
import { toOutbound } from '../../core/store/to-outbound.js';
import type { Delivery, MessageSource } from '../../core/transport/transport.js';
import type { MqRuntime } from '../../nest/mq-runtime.js';

/** How long an attempt waits for a copy of its message that is being handled. */
const LOCK_WAIT_MS = 5_000;

/** A message for one delivery. With the `id` of an earlier one it is a copy of that. */
export type DeliveredMessage<M = NewMessage> = Without<M, 'deliverAt' | 'delay'> & { readonly id?: string };
/** `Omit`, of each of several messages by itself. */
type Without<M, Field extends PropertyKey> = M extends unknown ? Omit<M, Field> : never;

/** What became of a delivery. */
export interface DeliveryVerdict {
  /**
   * `handled`: committed. `failed`: rolled back, and tried again in `retryInMs`. `parked`: rolled back, and not tried again. `discarded`:
   * the handler threw `Discard`. `duplicate`: the group has had this message before. `skipped`: nobody takes its tag (`unmatched: 'ack'`).
   */
  readonly outcome: 'handled' | 'failed' | 'parked' | 'discarded' | 'duplicate' | 'skipped';
  /** What was thrown, of `failed` and `parked`. */
  readonly error?: unknown;
  /** Its code, as it is recorded: `MQ_HANDLER_FAILED` for whatever else a handler throws. */
  readonly code?: MqErrorCode;
  readonly retryInMs?: number;
}

interface DeliveryRequest {
  readonly runtime: MqRuntime;
  readonly subscription: Subscription<EntityManager>;
  readonly message: DeliveredMessage;
  readonly attempt: number;
}

/**
 * Runs one attempt as a delivery would, with inbox, transaction, time-out, enhancers and what is recorded of failures, and with
 * nobody's broker: a source stands in that confirms everything.
 */
export async function deliverOnce(request: DeliveryRequest): Promise<DeliveryVerdict> {
  const { runtime, subscription, attempt } = request;
  const ended = new AbortController();
  const events = new MqEvents();
  let verdict: DeliveryVerdict | undefined;
  let trouble: unknown;
  events.onAny((name, event) => {
    verdict ??= verdictOf(name, event as Partial<Told>);
    if (name === 'loop.failed' || name === 'delivery.released') trouble = event;
    runtime.events.emit(name, event);
  });
  const context = contextOf(request, events, ended.signal);
  const { clock, capabilities } = context;
  const { timeoutMs, concurrency } = subscription.group;
  const acks = new AckBatcher(CONFIRMING, 1, subscription.ref, clock, events, ended.signal);
  const lease = new LeasedDelivery(
    { source: CONFIRMING, acks, capabilities, clock, hangUp: ended.signal, timeoutMs },
    deliveryOf(request, clock.monotonic() + timeoutMs + LEASE_MARGIN_MS + LOCK_WAIT_MS),
  );
  const group = new GroupState(concurrency, clock);
  try {
    await new DeliveryRun(new ActiveDelivery(context, subscription, group, lease)).step();
    await acks.whenIdle();
  } finally {
    ended.abort();
  }
  if (verdict) return verdict;
  throw new MqError(
    'MQ_TEST_MISUSE',
    `The delivery to ${subscription.label} (attempt ${attempt}) ended without a verdict on the message: the database failed, ` +
      'or a copy of the message is being handled.',
    { cause: trouble },
  );
}

interface Told {
  readonly error: FailureInfo;
  readonly retryInMs: number | null;
}

function verdictOf(name: string, { error, retryInMs }: Partial<Told>): DeliveryVerdict | undefined {
  switch (name) {
    case 'delivery.failed':
      return { outcome: 'failed', ...thrown(error), ...(typeof retryInMs === 'number' && { retryInMs }) };
    case 'delivery.parked':
      return { outcome: 'parked', ...thrown(error) };
    case 'delivery.handled':
      return { outcome: 'handled' };
    case 'delivery.discarded':
      return { outcome: 'discarded' };
    case 'delivery.duplicate':
      return { outcome: 'duplicate' };
    case 'delivery.skipped':
      return { outcome: 'skipped' };
    default:
      return undefined;
  }
}

function thrown(failure: FailureInfo | undefined): Pick<DeliveryVerdict, 'error' | 'code'> {
  return failure ? { error: failure.cause, code: failure.code } : {};
}

function contextOf(
  { runtime, attempt }: DeliveryRequest,
  events: MqEvents,
  ended: AbortSignal,
): ConsumerContext<EntityManager> {
  const { connection, instance, deliveries, clock, options } = runtime;
  const never = new AbortController().signal;
  return {
    connection,
    instance,
    deliveries: withFailures(deliveries, attempt - 1),
    capabilities: { ...options.transport.capabilities, leaseExtension: false, explicitRetryDelay: true },
    events,
    clock,
    inFlight: new Semaphore(1),
    database: new DatabaseCircuit(clock, systemRandom, events, ended, () => deliveries.probe()),
    stuck: new StuckHandlers(clock, events),
    tracer: null,
    giveUp: never,
    hangUp: ended,
  };
}

/** The store, with so many failed attempts behind this message: the broker's count alone says nothing on ordered topics. */
function withFailures(store: DeliveryStore<EntityManager>, failures: number): DeliveryStore<EntityManager> {
  return Object.create(store, { countFailures: { value: () => Promise.resolve(failures) } }) as typeof store;
}

function deliveryOf({ runtime, subscription, message, attempt }: DeliveryRequest, leaseEndsAt: number): Delivery {
  const { options, clock } = runtime;
  const { id = uuidV7(), ...fields } = message;
  const row = buildRow(
    options,
    { topic: subscription.topic, message: fields, schemas: null, cause: null, call: 'deliver()' },
    id,
    clock.now(),
  );
  const { tag, key, body, properties, orderingKey } = toOutbound(row, null);
  const brokerMessageId = randomUUID().replaceAll('-', '').toUpperCase();
  return {
    message: { brokerMessageId, tag, key, body, properties, orderingKey, publishedAt: clock.now() },
    deliveryCount: attempt,
    leaseEndsAt,
    handle: null,
  };
}

const CONFIRMING: MessageSource = {
  receive: () => Promise.resolve([]),
  ack: (deliveries) => Promise.resolve(deliveries.map(() => 'done' as const)),
  retryIn: () => Promise.resolve('done' as const),
  close: () => Promise.resolve(),
};
