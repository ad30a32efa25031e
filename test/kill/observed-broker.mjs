import { startEmulator } from 'nestjs-reliable-mq-emulator';

/** The emulator, what it stored in which order, and kill points at its steps. */
export async function startObservedBroker() {
  /** First copies and all copies, as `{ id, topic }` in the order of their storing. */
  const stored = [];
  let armed = null;
  const emulator = await startEmulator({
    // A handler starts only if its lease holds the timeout (1 s) and ten seconds more.
    invisible: '13s',
    invisibleOrdered: '13s',
    onStep(step, { operation, topic, messages, headers }) {
      let verdict;
      if (
        armed &&
        armed.step === step &&
        armed.operation === operation &&
        armed.host === headers.host &&
        messagesMatter(step, operation, messages)
      ) {
        const { fire } = armed;
        armed = null;
        fire();
        // Dead before it was stored: the request is cut off, as the end of the connection would do.
        if (step === 'received') verdict = 'drop';
      }
      if (operation === 'publish' && step === 'stored')
        for (const { mqId } of messages) stored.push({ id: mqId, topic });
      return verdict;
    },
  });
  return {
    endpoint: emulator.endpoint,
    stored,
    arm(point) {
      armed = point;
    },
    disarm() {
      armed = null;
    },
    close: () => emulator.close(),
  };
}

/** An empty poll is no step of a delivery. */
function messagesMatter(step, operation, messages) {
  return operation !== 'consume' || (step !== 'received' && messages.length > 0);
}
