import { ArmedPoint } from './armed-point.mjs';
import { SendOutcomes } from './send-outcomes.mjs';
import { startTcpRelay } from './tcp-relay.mjs';

/** @type {import('./observed-broker.mjs').StartObservedBroker} The emulator of the HTTP endpoint: it tells its steps itself. */
export async function startEmulatorBroker() {
  // Late, because it may have to be built first.
  const { startEmulator } = await import('nestjs-reliable-mq-emulator');
  /** @type {{ id: string | undefined, topic: string }[]} */
  const stored = [];
  const armed = new ArmedPoint();
  const outcomes = new SendOutcomes();
  /**
   * What to call when the answer has left, by request.
   *
   * @type {WeakMap<object, () => void>}
   */
  const told = new WeakMap();
  /** @type {Awaited<ReturnType<typeof startTcpRelay>>[]} */
  const relays = [];
  const emulator = await startEmulator({
    // A handler starts only if its lease holds the timeout (1 s) and ten seconds more.
    invisible: '13s',
    invisibleOrdered: '13s',
    onStep(step, { operation, topic, messages, headers }) {
      const died = messagesMatter(step, operation, messages) && armed.reached(step, operation, headers.host);
      if (operation === 'publish') {
        if (step === 'stored') {
          for (const { mqId } of messages) stored.push({ id: mqId, topic });
          const ids = messages.flatMap(({ mqId }) => mqId ?? []);
          told.set(headers, outcomes.begin(String(headers.host), ids));
        } else if (step === 'answered') told.get(headers)?.();
      }
      // Dead before it was stored: the request is cut off, as the end of the connection would do.
      return died && step === 'received' ? 'drop' : undefined;
    },
  });
  return {
    victims: [],
    async entrance() {
      const relay = await startTcpRelay(new URL(emulator.endpoint));
      relays.push(relay);
      return { endpoint: relay.host, caller: relay.host };
    },
    outcomes,
    arm: (point) => armed.arm(point),
    account: async () => ({ stored, forgotten: [] }),
    async close() {
      for (const relay of relays) await relay.close();
      await emulator.close();
    },
  };
}

/**
 * An empty poll is no step of a delivery.
 *
 * @param {import('nestjs-reliable-mq-emulator').Step} step
 * @param {string} operation
 * @param {readonly unknown[]} messages
 */
function messagesMatter(step, operation, messages) {
  return operation !== 'consume' || (step !== 'received' && messages.length > 0);
}
