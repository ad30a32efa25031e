import { MqEvents } from '../events/event-bus.js';
import { Circuit } from './circuit.js';
import type { SendFailure } from './failure.js';

const failure = (
  about: SendFailure['about'],
  retryAfterMs: number | null = null,
  broker: string | null = null,
): SendFailure => ({
  about,
  code: 'MQ_BROKER_UNAVAILABLE',
  message: 'down',
  retryAfterMs,
  broker,
  answered: false,
  cause: undefined,
});

describe('Circuit', () => {
  const setup = (): { time: { now: number }; refunded: string[]; log: string[]; circuit: Circuit } => {
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
    return {
      time,
      refunded,
      log,
      circuit: new Circuit(
        clock,
        () => 0,
        events,
        (ids) => refunded.push(...ids),
      ),
    };
  };

  it('opens the connection at once on a failure that says nothing about the message, and does not count it', () => {
    const { circuit, log } = setup();
    expect(circuit.failed('t', 'm1', failure('connection'))).toBe('free');
    expect(log).toEqual(['opened connection']);
    expect(circuit.admit('any')).toEqual({ go: false, retryInMs: 500 });
    expect(circuit.wouldAdmit('any')).toBe(false);
  });

  it('closes off one topic and leaves the others alone', () => {
    const { circuit, log } = setup();
    circuit.failed('missing', 'm1', failure('topic'));
    expect(log).toEqual(['opened topic missing']);
    expect(circuit.admit('missing').go).toBe(false);
    expect(circuit.admit('there')).toEqual({ go: true, probe: false });
    expect(circuit.openTopics).toEqual(['missing']);
  });

  it('lets one probe through when it is time, and closes when that succeeds', () => {
    const { circuit, time, log } = setup();
    circuit.failed('t', 'm1', failure('connection'));
    time.now = 500;
    expect(circuit.admit('t')).toEqual({ go: true, probe: true });
    expect(circuit.admit('t').go).toBe(false);
    circuit.succeeded('t', 'another', null);
    expect(circuit.admit('t')).toEqual({ go: true, probe: false });
    expect(log).toEqual(['opened connection', 'closed connection']);
  });

  it('probes less and less often, and never more than three seconds apart', () => {
    const { circuit, time } = setup();
    const waits: number[] = [];
    circuit.failed('t', 'm1', failure('connection'));
    for (let i = 0; i < 5; i++) {
      waits.push(circuit.nextProbeInMs()!);
      time.now += circuit.nextProbeInMs()!;
      circuit.admit('t');
      circuit.failed('t', 'm1', failure('connection'));
    }
    expect(waits).toEqual([500, 1_000, 2_000, 3_000, 3_000]);
  });

  it('waits as long as the broker asks', () => {
    const { circuit } = setup();
    circuit.failed('t', 'm1', failure('topic', 60_000));
    expect(circuit.nextProbeInMs()).toBe(60_000);
  });

  it('takes five unknown outcomes of at least two messages for the broker, and gives their attempts back', () => {
    const { circuit, refunded, log } = setup();
    const counted = ['a', 'b', 'a', 'b', 'a'].map((id) => circuit.failed('t', id, failure('unknown')));
    expect(counted).toEqual(['counts', 'counts', 'counts', 'counts', 'free']);
    expect(log).toEqual(['opened connection']);
    expect(refunded).toEqual(['a', 'b', 'a', 'b']);
  });

  it('does not let one message that never arrives stop the others', () => {
    const { circuit, log } = setup();
    for (let i = 0; i < 50; i++) expect(circuit.failed('t', 'poison', failure('unknown'))).toBe('counts');
    expect(log).toEqual([]);
  });

  it('forgets unknown outcomes when something succeeds', () => {
    const { circuit, log } = setup();
    for (const id of ['a', 'b', 'c', 'd']) circuit.failed('t', id, failure('unknown'));
    circuit.succeeded('t', 'another', null);
    circuit.failed('t', 'e', failure('unknown'));
    expect(log).toEqual([]);
  });

  it('does not count probes against the message that happens to be one', () => {
    const { circuit, time } = setup();
    circuit.failed('t', 'm1', failure('connection'));
    time.now = 500;
    circuit.admit('t');
    expect(circuit.failed('t', 'm1', failure('unknown'))).toBe('free');
  });

  it('takes a refused message for a broker that works', () => {
    const { circuit, time, log } = setup();
    circuit.failed('t', 'm1', failure('connection'));
    time.now = 500;
    circuit.admit('t');
    expect(circuit.failed('t', 'm1', failure('message'))).toBe('park');
    expect(log).toEqual(['opened connection', 'closed connection']);
  });

  it.each(['connection', 'unknown'] as const)(
    'probes a topic again after its probe ended with a failure (%s) that is not about it',
    (about) => {
      const { circuit, time } = setup();
      circuit.failed('a', 'm1', failure('topic'));
      time.now = 500;
      expect(circuit.admit('a')).toEqual({ go: true, probe: true });
      circuit.failed('b', 'm2', failure('connection'));
      circuit.failed('a', 'm1', failure(about));
      circuit.succeeded('b', 'another', null);
      expect(circuit.openTopics).toEqual(['a']);
      time.now = 10_000;
      expect(circuit.dueTopics()).toEqual(['a']);
      expect(circuit.wouldAdmit('a')).toBe(true);
    },
  );

  it('does not say that a probe may go while one is on the wire', () => {
    const { circuit, time } = setup();
    circuit.failed('t', 'm1', failure('connection'));
    time.now = 500;
    expect(circuit.nextProbeInMs()).toBe(0);
    circuit.admit('t');
    time.now = 5_000;
    expect(circuit.nextProbeInMs()).toBe(500);
  });

  describe('a topic that is denied', () => {
    const denied = failure('topic-or-connection');

    it('is closed off alone, until a second one is denied as well', () => {
      const { circuit, log } = setup();
      expect(circuit.failed('a', 'm1', denied)).toBe('free');
      expect(circuit.failed('a', 'm2', denied)).toBe('free');
      expect(log).toEqual(['opened topic a']);
      expect(circuit.admit('c')).toEqual({ go: true, probe: false });
      circuit.failed('b', 'm3', denied);
      expect(log).toEqual(['opened topic a', 'opened topic b', 'opened connection']);
    });

    it('never speaks for the connection again once another topic was let through', () => {
      const { circuit, time, log } = setup();
      circuit.failed('a', 'm1', denied);
      circuit.succeeded('c', 'another', null);
      circuit.failed('b', 'm2', denied);
      circuit.succeeded('c', 'another', null);
      for (let i = 0; i < 10; i++) {
        time.now += 5_000;
        for (const topic of ['a', 'b']) {
          circuit.admit(topic);
          circuit.failed(topic, 'm1', denied);
        }
      }
      expect(log).toEqual(['opened topic a', 'opened topic b']);
      expect(circuit.connectionOpen).toBe(false);
    });

    it('keeps the connection open for as long as every topic is, and the first that gets through closes it', () => {
      const { circuit, time, log } = setup();
      circuit.failed('a', 'm1', denied);
      circuit.failed('b', 'm2', denied);
      time.now = 500;
      expect(circuit.admit('d')).toEqual({ go: true, probe: true });
      circuit.failed('d', 'm3', denied);
      expect(circuit.connectionOpen).toBe(true);
      time.now = 5_000;
      expect(circuit.admit('c')).toEqual({ go: true, probe: true });
      circuit.succeeded('c', 'm4', 'm4');
      expect(circuit.connectionOpen).toBe(false);
      expect(circuit.openTopics).toEqual(['a', 'b', 'd']);
      circuit.failed('a', 'm1', denied);
      expect(log.filter((line) => line === 'opened connection')).toHaveLength(1);
    });

    it('takes a broker that cannot be reached for one that answers again', () => {
      const { circuit, log } = setup();
      circuit.failed('t', 'm1', failure('connection'));
      circuit.failed('a', 'm2', denied);
      expect(log).toEqual(['opened connection', 'opened topic a', 'closed connection']);
    });
  });

  describe('a message that is refused by nobody knows whom', () => {
    const refused = failure('topic-or-message');
    const next = ({ circuit, time }: ReturnType<typeof setup>): unknown => {
      time.now += 5_000;
      return circuit.admit('t');
    };

    it('closes its topic off, and none is parked while all are refused', () => {
      const stage = setup();
      for (const id of ['a', 'b', 'a', 'c', 'b', 'a']) {
        expect(stage.circuit.failed('t', id, refused)).toBe('free');
        expect(next(stage)).toEqual({ go: true, probe: true });
      }
      expect(stage.log).toEqual(['opened topic t']);
      expect(stage.circuit.admit('other').go).toBe(true);
    });

    it('is at fault itself when the topic takes others: parked when it is refused once more', () => {
      const stage = setup();
      stage.circuit.failed('t', 'a', refused);
      next(stage);
      stage.circuit.succeeded('t', 'b', 'b');
      expect(stage.circuit.failed('t', 'a', refused)).toBe('park');
      expect(stage.log).toEqual(['opened topic t', 'closed topic t']);
      // What follows begins without a record.
      expect(stage.circuit.failed('t', 'c', refused)).toBe('free');
    });

    it('is not convicted by what was on its way before: the topic may have changed in between', () => {
      const stage = setup();
      stage.circuit.failed('t', 'a', refused);
      stage.circuit.succeeded('t', 'another', null);
      expect(stage.circuit.failed('t', 'a', refused)).toBe('free');
    });

    it('goes with the others when the topic was repaired', () => {
      const stage = setup();
      for (const id of ['a', 'b']) stage.circuit.failed('t', id, refused);
      next(stage);
      stage.circuit.succeeded('t', 'a', 'a');
      expect(stage.circuit.admit('t')).toEqual({ go: true, probe: false });
      stage.circuit.succeeded('t', 'another', null);
      expect(stage.circuit.openTopics).toEqual([]);
    });
  });

  describe('one of several brokers', () => {
    const down = failure('connection', null, 'a');
    const silent = failure('unknown', null, 'a');

    it('that refuses while another takes messages is told once, stops nothing, and costs nothing', () => {
      const { circuit, time, log } = setup();
      circuit.succeeded('t', 'another', null, 'b');
      for (let i = 0; i < 50; i++) {
        time.now += 2_000;
        expect(circuit.failed('t', 'm1', i % 2 ? silent : down, 'k1')).toBe('free');
        expect(circuit.failed('t', 'm2', down, 'k2')).toBe('free');
        expect(circuit.admit('t')).toEqual({ go: true, probe: false });
        circuit.succeeded('t', 'another', null, 'b');
      }
      expect(log).toEqual(['opened broker a']);
      expect(circuit.refusingBrokers).toEqual(['a']);
      circuit.succeeded('t', 'another', null, 'a', 'k1');
      expect(log).toEqual(['opened broker a']);
      circuit.succeeded('t', 'another', null, 'a', 'k2');
      expect(log).toEqual(['opened broker a', 'closed broker a']);
      expect(circuit.spareMs('a', 't', 'k2')).toBe(0);
    });

    it('is known to refuse some keys when it is known by the name of a server that takes others', () => {
      const { circuit, time, log } = setup();
      circuit.failed('t', 'm1', down, 'k1');
      time.now = 500;
      circuit.admit('t');
      circuit.succeeded('t', 'm2', 'm2', 'a', 'k2');
      expect(log).toEqual(['opened connection', 'closed connection']);
      for (let i = 0; i < 50; i++) {
        time.now += 2_000;
        for (const key of ['k1', 'k3']) expect(circuit.failed('t', key, down, key)).toBe('free');
        circuit.succeeded('t', 'another', null, 'a', 'k2');
      }
      expect(log.slice(2)).toEqual(['opened broker a']);
    });

    it('is the connection while no other takes messages', () => {
      const { circuit, log } = setup();
      circuit.succeeded('t', 'another', null, 'a');
      circuit.failed('t', 'm', down);
      expect(log).toEqual(['opened connection']);
    });

    it('is the connection as well when the last of them fails', () => {
      const { circuit, log } = setup();
      circuit.succeeded('t', 'another', null, 'b');
      circuit.failed('t', 'm', down);
      circuit.failed('t', 'm', failure('connection', null, 'b'));
      expect(log).toEqual(['opened broker a', 'opened connection']);
    });

    it('is the connection again when no other has taken a message for a minute', () => {
      const { circuit, time, log } = setup();
      circuit.succeeded('t', 'another', null, 'b');
      circuit.failed('t', 'm', down);
      time.now = 70_000;
      circuit.failed('t', 'm', down);
      expect(log).toEqual(['opened broker a', 'opened connection']);
    });

    it('has a row of unknown outcomes of its own, which no success elsewhere ends', () => {
      const { circuit, refunded, log } = setup();
      for (const id of ['m1', 'm2', 'm1', 'm2']) {
        expect(circuit.failed('t', id, silent)).toBe('counts');
        circuit.succeeded('t', 'another', null, 'b');
      }
      expect(circuit.failed('t', 'm1', silent)).toBe('free');
      expect(refunded).toEqual(['m1', 'm2', 'm1', 'm2']);
      expect(log).toEqual(['opened broker a']);
    });

    it('costs nothing from then on, whatever the keys: no second message is needed to know that it is the broker', () => {
      const { circuit, refunded } = setup();
      let counted = 0;
      for (let i = 0; i < 60; i++) {
        if (circuit.failed('t', `m${i % 2}`, silent, `k${i % 2}`) === 'counts') counted++;
        circuit.succeeded('t', 'another', null, 'b', 'elsewhere');
      }
      expect(counted - refunded.length).toBeLessThan(5);
    });

    it('has none while it takes others', () => {
      const { circuit, log } = setup();
      for (const id of ['m1', 'm2', 'm1', 'm2', 'm1', 'm2']) {
        circuit.failed('t', id, silent);
        circuit.succeeded('t', 'another', null, 'a');
      }
      expect(log).toEqual([]);
    });
  });
});
