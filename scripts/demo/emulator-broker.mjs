import { Gate } from './gate.mjs';

/** The emulator, in this process, so that the demo can look at each request and choose the worst moment for the kill. */
export async function startEmulatorBroker() {
  const { startEmulator } = await import('nestjs-reliable-mq-emulator');
  const gate = new Gate();
  const emulator = await startEmulator({ port: 0, onStep: askGate(gate) });
  return {
    title: `the emulator at ${emulator.endpoint}`,
    env: {
      MQ_TRANSPORT: 'aliyun-http',
      MQ_ENDPOINT: emulator.endpoint,
      MQ_ACCESS_KEY_ID: 'test',
      MQ_ACCESS_KEY_SECRET: 'test',
      MQ_INSTANCE_ID: '',
    },
    gate,
    books: async () => readBooks(emulator),
    close: () => emulator.close(),
  };
}

/**
 * The emulator's `onStep`: it asks at each step of a request, and waits for the answer.
 *
 * @param {Gate} gate
 * @returns {import('nestjs-reliable-mq-emulator').StepObserver}
 */
function askGate(gate) {
  /** @type {Set<string | null | undefined>} */
  const taking = new Set();
  return async (step, { operation, messages: [message] }) => {
    if (operation !== 'publish') return undefined;
    if (step === 'received') {
      const decision = gate.decide(message?.tag);
      if (decision === 'take') taking.add(message.mqId);
      if (decision !== 'hold') return undefined;
    } else if (step !== 'stored' || !taking.delete(message.mqId)) {
      return undefined;
    }
    await gate.hold(message.mqId, { taken: step === 'stored' });
    return 'drop';
  };
}

/** @param {import('nestjs-reliable-mq-emulator').Emulator} emulator */
function readBooks(emulator) {
  const { stored, groups } = emulator.state().instances[''].topics.shop_orders;
  /** @param {(group: { ready: number, inFlight: number, dead: number }) => number} count */
  const sum = (count) => Object.values(groups).reduce((total, group) => total + count(group), 0);
  return { stored, left: sum(({ ready, inFlight }) => ready + inFlight), dead: sum(({ dead }) => dead) };
}
