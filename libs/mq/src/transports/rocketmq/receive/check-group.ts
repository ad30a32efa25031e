import { TransportError } from '../../../core/transport/transport-error.js';
import type { Session } from '../session/session.js';
import type { Connection } from '../wire/connection.js';

/** Far above what any group allows its own messages. */
const MIN_READER_DELIVERIES = 100;

/** What a subscription needs of its group. */
export interface GroupNeeds {
  /** Whether it is a dead-letter topic. That is made with its first message: while it is missing, there is nothing to read. */
  readonly isDeadLetters: boolean;
  /** Whether the group must be one that keeps the order, as far as the server says. */
  readonly mustBeOrderly: boolean;
}

/**
 * Refuses to poll for a group that was not made for this topic, as far as this server says.
 *
 * A dead letter brings its deliveries along: a reader that allows no more of them would make it a dead letter of its own.
 * And order would be lost without a word: messages of one key would be handed out side by side. Here they wait instead.
 *
 * @throws {TransportError} `not-found`
 */
export function checkGroup(what: string, needs: GroupNeeds, session: Session, connection: Connection): void {
  const maxDeliveries = session.maxDeliveries(connection);
  if (needs.isDeadLetters && maxDeliveries !== null && maxDeliveries < MIN_READER_DELIVERIES) {
    throw new TransportError(
      'not-found',
      `${what}: the group delivers ${maxDeliveries} times, which dead letters have behind them; set its retryMaxTimes to 1000`,
    );
  }
  if (!needs.mustBeOrderly || session.isOrderly(connection) !== false) return;
  // For the next poll: it may have been mended meanwhile.
  session.update();
  throw new TransportError(
    'not-found',
    `${what}: the topic is ordered here, and the group was not made for orderly delivery; make it so at the broker (mqadmin updateSubGroup … -o true), or set ordered: false`,
  );
}
