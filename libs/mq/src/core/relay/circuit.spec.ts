import { MqEvents } from '../events/event-bus.js';
import { Circuit } from './circuit.js';
import type { SendFailure } from './failure.js';

const failure = (about: SendFailure['about'], retryAfterMs: number | null = null): SendFailure => ({
  about,
  code: 'MQ_BROKER_UNAVAILABLE',
  message: 'down',
  retryAfterMs,
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
    circuit.succeeded('t', null);
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
    circuit.succeeded('t', null);
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
      circuit.succeeded('b', null);
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
      circuit.succeeded('c', null);
      circuit.failed('b', 'm2', denied);
      circuit.succeeded('c', null);
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
      circuit.succeeded('c', 'm4');
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
      stage.circuit.succeeded('t', 'b');
      expect(stage.circuit.failed('t', 'a', refused)).toBe('park');
      expect(stage.log).toEqual(['opened topic t', 'closed topic t']);
      // What follows begins without a record.
      expect(stage.circuit.failed('t', 'c', refused)).toBe('free');
    });

    it('is not convicted by what was on its way before: the topic may have changed in between', () => {
      const stage = setup();
      stage.circuit.failed('t', 'a', refused);
      stage.circuit.succeeded('t', null);
      expect(stage.circuit.failed('t', 'a', refused)).toBe('free');
    });

    it('goes with the others when the topic was repaired', () => {
      const stage = setup();
      for (const id of ['a', 'b']) stage.circuit.failed('t', id, refused);
      next(stage);
      stage.circuit.succeeded('t', 'a');
      expect(stage.circuit.admit('t')).toEqual({ go: true, probe: false });
      stage.circuit.succeeded('t', null);
      expect(stage.circuit.openTopics).toEqual([]);
    });
  });
});
