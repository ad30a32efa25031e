import { MqEvents } from '../../../../../../libs/mq/src/core/events/event-bus.js';
import { Circuit } from '../../../../../../libs/mq/src/core/relay/circuit/circuit.js';
import { OutcomeJudge } from '../../../../../../libs/mq/src/core/relay/circuit/outcome-judge.js';
import type { SendFailure } from '../../../../../../libs/mq/src/core/relay/send-result.js';
import { FAILURES } from '../../../../../../libs/mq/src/core/retry/failure-table.js';

export interface JudgedCircuit {
  /** Set it to let time pass. */
  readonly time: { now: number };
  readonly refunded: string[];
  /** What opened and closed, in order. */
  readonly log: string[];
  readonly circuit: Circuit;
  readonly judge: OutcomeJudge;
}

/** A circuit that is closed, its judge, and what they did. */
export function judgedCircuit(): JudgedCircuit {
  const time = { now: 0 };
  const refunded: string[] = [];
  const log: string[] = [];
  const events = new MqEvents();
  events.on('circuit.opened', ({ scope }) => log.push(`opened ${scope}`));
  events.on('circuit.closed', ({ scope }) => log.push(`closed ${scope}`));
  const clock = {
    now: () => time.now,
    monotonic: () => time.now,
    schedule: () => () => undefined,
    sleep: async () => undefined,
  };
  const circuit = new Circuit(clock, () => 0, events);
  const judge = new OutcomeJudge(
    circuit,
    clock,
    () => 0,
    (ids) => refunded.push(...ids),
  );
  return { time, refunded, log, circuit, judge };
}

/** A failed send about this; what it means is what the first row of the table with it says. */
export function failureAbout(about: SendFailure['about'], fields: Partial<SendFailure>): SendFailure {
  return {
    ...Object.values(FAILURES).find(({ send }) => send.about === about)!.send,
    message: 'no',
    retryAfterMs: null,
    broker: null,
    answered: false,
    cause: undefined,
    ...fields,
  };
}
