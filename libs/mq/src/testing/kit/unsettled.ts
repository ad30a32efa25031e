import { inWords } from '../../core/runtime/in-words.js';
import type { AdminRecord } from '../../core/store/admin-record.js';
import type { MqRuntime } from '../../nest/mq-runtime.js';
import type { MemoryBroker } from '../../transports/memory/memory-broker.js';

/** Something that has not come to its end. */
export interface Unsettled {
  readonly text: string;
  /** When it goes on by itself; 0 for what is under way. */
  readonly inMs: number;
  /** Somebody asked for this time; what waits for another attempt is not meant. */
  readonly isDelayed: boolean;
}

/** Of each status: as many as `find` answers. */
export const MOST_ROWS = 1_000;

/** Unfinished rows of the outbox that this connection sends. */
export type UnfinishedRows = () => Promise<
  readonly Pick<AdminRecord, 'id' | 'topic' | 'status' | 'dueAt' | 'errorCode' | 'blockedBy'>[]
>;

/** What is held, in flight and not delivered yet: what this process and the broker in memory know without asking anybody. */
export function unsettledDeliveries({ consumers, subscribed, boot }: MqRuntime, broker: MemoryBroker): Unsettled[] {
  const held = consumers.loops().flatMap((loop) =>
    loop.held.map(({ messageId, againInMs }) => ({
      text: `${loop.topic}/${loop.group}#${messageId} is tried again in ${inWords(againInMs)}`,
      inMs: againInMs,
      isDelayed: false,
    })),
  );
  const running = consumers.deliveries().map(({ topic, group, messageId, attempt }) => ({
    text: `${topic}/${group}#${messageId} is being handled, attempt ${attempt}`,
    inMs: 0,
    isDelayed: false,
  }));
  return [...running, ...held, ...(boot.worker ? subscribed.flatMap((one) => undelivered(one, broker)) : [])];
}

function undelivered({ spec, label }: MqRuntime['subscribed'][number], broker: MemoryBroker): Unsettled[] {
  const now = broker.clock.monotonic();
  return broker
    .group(spec.topic, spec.groupId, spec.instanceId)
    .pending.filter(
      ({ state, message: { tag } }) => state !== 'acked' && (spec.tags === null || spec.tags.includes(tag ?? '')),
    )
    .map(({ state, at, deliveries, message }) => {
      const inMs = state === 'ready' ? Math.max(0, at - now) : 0;
      const when = state === 'leased' ? 'is leased' : `is delivered ${inMs > 0 ? `in ${inWords(inMs)}` : 'next'}`;
      return {
        text: `${label}: the message with key '${message.key}' ${when}${deliveries > 1 ? `, delivery ${deliveries}` : ''}`,
        inMs,
        isDelayed: deliveries === 0,
      };
    });
}

/**
 * What has not left the outbox. A row that changes its status between the questions for each is in none of the answers. Such rows
 * are known by their number, and are on their way.
 */
export async function unsettledRows(
  { outbox, relay, options, clock }: MqRuntime,
  rows: UnfinishedRows,
): Promise<Unsettled[]> {
  const lanes = (await outbox.unfinishedLanes()).filter((lane) => relay.lanes.has(lane));
  if (lanes.length === 0) return [];
  const counted = lanes.reduce((sum, { waiting }) => sum + waiting, 0);
  const now = clock.now();
  const mine = (await rows()).filter(({ topic }) => options.topics.has(topic));
  if (mine.length < Math.min(counted, MOST_ROWS))
    return [{ text: 'the outbox: messages are on their way', inMs: 0, isDelayed: false }];
  return mine.map(({ id, topic, status, dueAt, errorCode, blockedBy }) => {
    const inMs = status === 'PENDING' && dueAt ? Math.max(0, dueAt.getTime() - now) : 0;
    const why = [errorCode, blockedBy && `behind ${blockedBy}`].filter(Boolean).join(', ');
    return {
      text: `${topic}: message ${id} is ${status}${inMs > 0 ? `, due in ${inWords(inMs)}` : ''}${why && ` (${why})`}`,
      inMs,
      isDelayed: why === '',
    };
  });
}
