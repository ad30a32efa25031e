import type { Connection } from '../boot/connections.js';

/**
 * Whether this connection has nothing to do: its consumers all wait at the broker, which has nothing for them, and in the outbox
 * nothing is due. What cannot be known, because the database or the broker is away, is not called idle.
 */
export async function isIdle({ runtime }: Connection): Promise<boolean> {
  const { boot, consumers, relay, outbox } = runtime;
  if (boot.worker) {
    const { loops, inFlight, held } = consumers.health();
    if (inFlight > 0 || held > 0 || loops.some(({ state }) => state !== 'polling')) return false;
  }
  if (!boot.relay) return true;
  if (relay.circuit.connectionOpen || relay.circuit.openTopics.length > 0) return false;
  const dueIn = await outbox.nextDueIn(relay.lanes.all).catch(() => 0);
  return dueIn === null || dueIn > 0;
}
