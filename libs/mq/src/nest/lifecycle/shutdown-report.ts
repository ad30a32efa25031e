import type { DeliveryRef } from '../../core/events/event-map.js';
import type { Clock } from '../../core/runtime/clock.js';
import { countOf } from '../../core/runtime/count-of.js';
import { inWords } from '../../core/runtime/in-words.js';
import type { LineLogger } from '../../observability/line-logger.js';

const EVERY_MS = 5_000;
/** Whoever waits for a shutdown wants to know what it hangs on, and not all of it. */
const NAMED = 5;

/** What a shutdown waits for. */
export interface UnderWay {
  /** Handlers that run, and deliveries that wait for a slot. */
  readonly deliveries: readonly Pick<DeliveryRef, 'topic' | 'group' | 'messageId'>[];
  /** Ids of messages whose send has no result yet. */
  readonly sends: readonly string[];
}

/**
 * Tells how a shutdown goes: a line at once with what it waits for, one every five seconds with what is left, and one when everything
 * has ended.
 * @returns the function that says that it has
 */
export function reportShutdown(
  { clock, logger, drainMs }: { readonly clock: Clock; readonly logger: LineLogger; readonly drainMs: number },
  look: () => UnderWay,
): () => void {
  const startedAt = clock.monotonic();
  let cancel: () => void;
  const again = (): void => {
    const { text, count } = describeUnderWay(look());
    const elapsed = clock.monotonic() - startedAt;
    logger.write('shutdown.waits', `stopping since ${inWords(elapsed)}: ${text}`, {
      count,
      durationMs: Math.round(elapsed),
    });
    cancel = clock.schedule(EVERY_MS, again);
  };
  const { text, count } = describeUnderWay(look());
  logger.write(
    'shutdown.waits',
    count === 0 ? 'stopping: nothing is under way' : `stopping, ${inWords(drainMs)} at most: ${text}`,
    {
      count,
    },
  );
  cancel = clock.schedule(EVERY_MS, again);
  return () => {
    cancel();
    const durationMs = Math.round(clock.monotonic() - startedAt);
    const left = describeUnderWay(look());
    const rest = left.count === 0 ? '' : `; given up: ${left.text}`;
    logger.write('shutdown.drained', `everything has stopped after ${inWords(durationMs)}${rest}`, {
      durationMs,
      count: left.count,
    });
  };
}

function describeUnderWay({ deliveries, sends }: UnderWay): { text: string; count: number } {
  const handlers = deliveries.map(({ topic, group, messageId }) => `${topic}/${group}#${messageId}`);
  const parts = [
    ...(deliveries.length > 0 ? [`${countOf(deliveries.length, 'delivery', 'deliveries')} (${named(handlers)})`] : []),
    ...(sends.length > 0 ? [`${countOf(sends.length, 'message')} on the wire (${named(sends)})`] : []),
  ];
  const count = deliveries.length + sends.length;
  return { text: parts.length === 0 ? 'results are written down' : `waits for ${parts.join(' and ')}`, count };
}

function named(ids: readonly string[]): string {
  return `${ids.slice(0, NAMED).join(', ')}${ids.length > NAMED ? ', …' : ''}`;
}
