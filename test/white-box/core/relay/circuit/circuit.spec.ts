import type { SendFailure } from '../../../../../libs/mq/src/core/relay/send-result.js';
import { failureAbout, judgedCircuit as setup } from './support/judged-circuit.js';

const failure = (
  about: SendFailure['about'],
  retryAfterMs: number | null = null,
  broker: string | null = null,
): SendFailure => failureAbout(about, { code: 'MQ_BROKER_UNAVAILABLE', message: 'down', retryAfterMs, broker });

describe('Circuit', () => {
  it('opens the connection at once on a failure that says nothing about the message, and does not count it', () => {
    const { circuit, judge, log } = setup();
    expect(judge.failed('t', 'm1', failure('connection'))).toBe('free');
    expect(log).toEqual(['opened connection']);
    expect(circuit.admit('any')).toEqual({ go: false, retryInMs: 500 });
    expect(circuit.wouldAdmit('any')).toBe(false);
  });

  it('opens for one topic and leaves the others alone', () => {
    const { circuit, judge, log } = setup();
    judge.failed('missing', 'm1', failure('topic'));
    expect(log).toEqual(['opened topic missing']);
    expect(circuit.admit('missing').go).toBe(false);
    expect(circuit.admit('there')).toEqual({ go: true, probe: false });
    expect(circuit.openTopics).toEqual(['missing']);
  });

  it('lets one probe through when it is time, and closes when that succeeds', () => {
    const { circuit, judge, time, log } = setup();
    judge.failed('t', 'm1', failure('connection'));
    time.now = 500;
    expect(circuit.admit('t')).toEqual({ go: true, probe: true });
    expect(circuit.admit('t').go).toBe(false);
    judge.succeeded('t', 'another', null);
    expect(circuit.admit('t')).toEqual({ go: true, probe: false });
    expect(log).toEqual(['opened connection', 'closed connection']);
  });

  it('probes less and less often, and never more than three seconds apart', () => {
    const { circuit, judge, time } = setup();
    const waits: number[] = [];
    judge.failed('t', 'm1', failure('connection'));
    for (let i = 0; i < 5; i++) {
      waits.push(circuit.nextProbeInMs()!);
      time.now += circuit.nextProbeInMs()!;
      circuit.admit('t');
      judge.failed('t', 'm1', failure('connection'));
    }
    expect(waits).toEqual([500, 1_000, 2_000, 3_000, 3_000]);
  });

  it('waits as long as the broker asks', () => {
    const { circuit, judge } = setup();
    judge.failed('t', 'm1', failure('topic', 60_000));
    expect(circuit.nextProbeInMs()).toBe(60_000);
  });

  it('takes five unknown outcomes of at least two messages for the broker, and gives their attempts back', () => {
    const { judge, refunded, log } = setup();
    const counted = ['a', 'b', 'a', 'b', 'a'].map((id) => judge.failed('t', id, failure('unknown')));
    expect(counted).toEqual(['counts', 'counts', 'counts', 'counts', 'free']);
    expect(log).toEqual(['opened connection']);
    expect(refunded).toEqual(['a', 'b', 'a', 'b']);
  });

  it('does not let one message that never arrives stop the others', () => {
    const { judge, log } = setup();
    for (let i = 0; i < 50; i++) expect(judge.failed('t', 'poison', failure('unknown'))).toBe('counts');
    expect(log).toEqual([]);
  });

  it('forgets unknown outcomes when something succeeds', () => {
    const { judge, log } = setup();
    for (const id of ['a', 'b', 'c', 'd']) judge.failed('t', id, failure('unknown'));
    judge.succeeded('t', 'another', null);
    judge.failed('t', 'e', failure('unknown'));
    expect(log).toEqual([]);
  });

  it('does not count probes against the message that happens to be one', () => {
    const { circuit, judge, time } = setup();
    judge.failed('t', 'm1', failure('connection'));
    time.now = 500;
    circuit.admit('t');
    expect(judge.failed('t', 'm1', failure('unknown'))).toBe('free');
  });

  it('takes a refused message for a broker that works', () => {
    const { circuit, judge, time, log } = setup();
    judge.failed('t', 'm1', failure('connection'));
    time.now = 500;
    circuit.admit('t');
    expect(judge.failed('t', 'm1', failure('message'))).toBe('park');
    expect(log).toEqual(['opened connection', 'closed connection']);
  });

  it.each(['connection', 'unknown'] as const)(
    'probes a topic again after its probe ended with a failure (%s) that is not about it',
    (about) => {
      const { circuit, judge, time } = setup();
      judge.failed('a', 'm1', failure('topic'));
      time.now = 500;
      expect(circuit.admit('a')).toEqual({ go: true, probe: true });
      judge.failed('b', 'm2', failure('connection'));
      judge.failed('a', 'm1', failure(about));
      judge.succeeded('b', 'another', null);
      expect(circuit.openTopics).toEqual(['a']);
      time.now = 10_000;
      expect(circuit.dueTopics()).toEqual(['a']);
      expect(circuit.wouldAdmit('a')).toBe(true);
    },
  );

  it('does not say that a probe may go while one is on the wire', () => {
    const { circuit, judge, time } = setup();
    judge.failed('t', 'm1', failure('connection'));
    time.now = 500;
    expect(circuit.nextProbeInMs()).toBe(0);
    circuit.admit('t');
    time.now = 5_000;
    expect(circuit.nextProbeInMs()).toBe(500);
  });

  describe('a topic that is denied', () => {
    const denied = failure('topic-or-connection');

    it('opens alone, until a second one is denied as well', () => {
      const { circuit, judge, log } = setup();
      expect(judge.failed('a', 'm1', denied)).toBe('free');
      expect(judge.failed('a', 'm2', denied)).toBe('free');
      expect(log).toEqual(['opened topic a']);
      expect(circuit.admit('c')).toEqual({ go: true, probe: false });
      judge.failed('b', 'm3', denied);
      expect(log).toEqual(['opened topic a', 'opened topic b', 'opened connection']);
    });

    it('never speaks for the connection again once another topic was let through', () => {
      const { circuit, judge, time, log } = setup();
      judge.failed('a', 'm1', denied);
      judge.succeeded('c', 'another', null);
      judge.failed('b', 'm2', denied);
      judge.succeeded('c', 'another', null);
      for (let i = 0; i < 10; i++) {
        time.now += 5_000;
        for (const topic of ['a', 'b']) {
          circuit.admit(topic);
          judge.failed(topic, 'm1', denied);
        }
      }
      expect(log).toEqual(['opened topic a', 'opened topic b']);
      expect(circuit.connectionOpen).toBe(false);
    });

    it('keeps the connection open for as long as every topic is, and the first that gets through closes it', () => {
      const { circuit, judge, time, log } = setup();
      judge.failed('a', 'm1', denied);
      judge.failed('b', 'm2', denied);
      time.now = 500;
      expect(circuit.admit('d')).toEqual({ go: true, probe: true });
      judge.failed('d', 'm3', denied);
      expect(circuit.connectionOpen).toBe(true);
      time.now = 5_000;
      expect(circuit.admit('c')).toEqual({ go: true, probe: true });
      judge.succeeded('c', 'm4', 'm4');
      expect(circuit.connectionOpen).toBe(false);
      expect(circuit.openTopics).toEqual(['a', 'b', 'd']);
      judge.failed('a', 'm1', denied);
      expect(log.filter((line) => line === 'opened connection')).toHaveLength(1);
    });

    it('takes a broker that cannot be reached for one that answers again', () => {
      const { judge, log } = setup();
      judge.failed('t', 'm1', failure('connection'));
      judge.failed('a', 'm2', denied);
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
        expect(stage.judge.failed('t', id, refused)).toBe('free');
        expect(next(stage)).toEqual({ go: true, probe: true });
      }
      expect(stage.log).toEqual(['opened topic t']);
      expect(stage.circuit.admit('other').go).toBe(true);
    });

    it('is at fault itself when the topic takes others: parked when it is refused once more', () => {
      const stage = setup();
      stage.judge.failed('t', 'a', refused);
      next(stage);
      stage.judge.succeeded('t', 'b', 'b');
      expect(stage.judge.failed('t', 'a', refused)).toBe('park');
      expect(stage.log).toEqual(['opened topic t', 'closed topic t']);
      // What follows begins without a record.
      expect(stage.judge.failed('t', 'c', refused)).toBe('free');
    });

    it('is not convicted by what was on its way before: the topic may have changed in between', () => {
      const stage = setup();
      stage.judge.failed('t', 'a', refused);
      stage.judge.succeeded('t', 'another', null);
      expect(stage.judge.failed('t', 'a', refused)).toBe('free');
    });

    it('goes with the others when the topic was repaired', () => {
      const stage = setup();
      for (const id of ['a', 'b']) stage.judge.failed('t', id, refused);
      next(stage);
      stage.judge.succeeded('t', 'a', 'a');
      expect(stage.circuit.admit('t')).toEqual({ go: true, probe: false });
      stage.judge.succeeded('t', 'another', null);
      expect(stage.circuit.openTopics).toEqual([]);
    });
  });

  describe('one of several brokers', () => {
    const down = failure('connection', null, 'a');
    const silent = failure('unknown', null, 'a');

    it('that refuses while another takes messages is told once, stops nothing, and costs nothing', () => {
      const { circuit, judge, time, log } = setup();
      judge.succeeded('t', 'another', null, 'b');
      for (let i = 0; i < 50; i++) {
        time.now += 2_000;
        expect(judge.failed('t', 'm1', i % 2 ? silent : down, 'k1')).toBe('free');
        expect(judge.failed('t', 'm2', down, 'k2')).toBe('free');
        expect(circuit.admit('t')).toEqual({ go: true, probe: false });
        judge.succeeded('t', 'another', null, 'b');
      }
      expect(log).toEqual(['opened broker a']);
      expect(circuit.refusingBrokers).toEqual(['a']);
      judge.succeeded('t', 'another', null, 'a', 'k1');
      expect(log).toEqual(['opened broker a']);
      judge.succeeded('t', 'another', null, 'a', 'k2');
      expect(log).toEqual(['opened broker a', 'closed broker a']);
      expect(judge.spareMs('a', 't', 'k2')).toBe(0);
    });

    it('is known to refuse some keys when it is known by the name of a server that takes others', () => {
      const { circuit, judge, time, log } = setup();
      judge.failed('t', 'm1', down, 'k1');
      time.now = 500;
      circuit.admit('t');
      judge.succeeded('t', 'm2', 'm2', 'a', 'k2');
      expect(log).toEqual(['opened connection', 'closed connection']);
      for (let i = 0; i < 50; i++) {
        time.now += 2_000;
        for (const key of ['k1', 'k3']) expect(judge.failed('t', key, down, key)).toBe('free');
        judge.succeeded('t', 'another', null, 'a', 'k2');
      }
      expect(log.slice(2)).toEqual(['opened broker a']);
    });

    it('is the connection while no other takes messages', () => {
      const { judge, log } = setup();
      judge.succeeded('t', 'another', null, 'a');
      judge.failed('t', 'm', down);
      expect(log).toEqual(['opened connection']);
    });

    it('is the connection as well when the last of them fails', () => {
      const { judge, log } = setup();
      judge.succeeded('t', 'another', null, 'b');
      judge.failed('t', 'm', down);
      judge.failed('t', 'm', failure('connection', null, 'b'));
      expect(log).toEqual(['opened broker a', 'opened connection']);
    });

    it('is the connection again when no other has taken a message for a minute', () => {
      const { judge, time, log } = setup();
      judge.succeeded('t', 'another', null, 'b');
      judge.failed('t', 'm', down);
      time.now = 70_000;
      judge.failed('t', 'm', down);
      expect(log).toEqual(['opened broker a', 'opened connection']);
    });

    it('has a row of unknown outcomes of its own, which no success elsewhere ends', () => {
      const { judge, refunded, log } = setup();
      for (const id of ['m1', 'm2', 'm1', 'm2']) {
        expect(judge.failed('t', id, silent)).toBe('counts');
        judge.succeeded('t', 'another', null, 'b');
      }
      expect(judge.failed('t', 'm1', silent)).toBe('free');
      expect(refunded).toEqual(['m1', 'm2', 'm1', 'm2']);
      expect(log).toEqual(['opened broker a']);
    });

    it('costs nothing from then on, whatever the keys: no second message is needed to know that it is the broker', () => {
      const { judge, refunded } = setup();
      let counted = 0;
      for (let i = 0; i < 60; i++) {
        if (judge.failed('t', `m${i % 2}`, silent, `k${i % 2}`) === 'counts') counted++;
        judge.succeeded('t', 'another', null, 'b', 'elsewhere');
      }
      expect(counted - refunded.length).toBeLessThan(5);
    });

    it('has none while it takes others', () => {
      const { judge, log } = setup();
      for (const id of ['m1', 'm2', 'm1', 'm2', 'm1', 'm2']) {
        judge.failed('t', id, silent);
        judge.succeeded('t', 'another', null, 'a');
      }
      expect(log).toEqual([]);
    });
  });
});
