import type { SendFailure } from '../../../../../libs/mq/src/core/relay/send-result.js';
import { failureAbout, judgedCircuit as setup } from './support/judged-circuit.js';

const failure = (about: SendFailure['about'], broker: string | null = null): SendFailure =>
  failureAbout(about, { code: 'MQ_OUTCOME_UNKNOWN', message: 'no answer', broker });

describe('a message that is left without an answer', () => {
  const unanswered = failure('overload');
  const atA = failure('overload', 'a');
  const DAY = 86_400_000;

  it('counts, and stops nothing, as long as it is the only one', () => {
    const { circuit, judge, time, log } = setup();
    for (let i = 0; i < 50; i++) {
      expect(judge.failed('t', 'a', i % 2 ? unanswered : atA, 'k')).toBe('counts');
      time.now += 5_000;
      expect(circuit.admit('t')).toEqual({ go: true, probe: false });
    }
    expect(log).toEqual([]);
  });

  it('closes its topic off until a probe gets through, and costs nothing, when there are several', () => {
    const { circuit, judge, time, log } = setup();
    const verdicts = ['a', 'b', 'c'].map((id) => judge.failed('t', id, unanswered));
    expect(verdicts).toEqual(['counts', 'too-much', 'too-much']);
    // On its way before: it does not show that more could be taken.
    judge.succeeded('t', 'another', null);
    expect(circuit.admit('t').go).toBe(false);
    expect(circuit.admit('other').go).toBe(true);
    time.now = 3_000;
    expect(circuit.admit('t')).toEqual({ go: true, probe: true });
    judge.succeeded('t', 'a', 'a');
    expect(circuit.admit('t')).toEqual({ go: true, probe: false });
    expect(log).toEqual(['opened topic t', 'closed topic t']);
  });

  it('is probed again when the probe was refused for itself', () => {
    const { circuit, judge, time } = setup();
    for (const id of ['a', 'b']) judge.failed('t', id, unanswered);
    time.now = 3_000;
    expect(circuit.admit('t')).toEqual({ go: true, probe: true });
    expect(judge.failed('t', 'a', failure('message'))).toBe('park');
    time.now = 6_000;
    expect(circuit.admit('t')).toEqual({ go: true, probe: true });
  });

  it('counts, and closes nothing, when all others got through', () => {
    const { circuit, judge, time, log } = setup();
    for (const id of ['a', 'b']) judge.failed('t', id, unanswered);
    time.now = 3_000;
    circuit.admit('t');
    judge.succeeded('t', 'b', 'b');
    expect(judge.failed('t', 'a', unanswered)).toBe('counts');
    expect(log).toEqual(['opened topic t', 'closed topic t']);
  });

  it('closes nothing when some are left again after others got through', () => {
    const { circuit, judge, time, log } = setup();
    for (const id of ['a', 'b', 'c']) judge.failed('t', id, unanswered);
    time.now = 3_000;
    circuit.admit('t');
    judge.succeeded('t', 'c', 'c');
    for (const id of ['a', 'b']) expect(judge.failed('t', id, unanswered)).toBe('free');
    expect(log).toEqual(['opened topic t', 'closed topic t']);
  });

  it('costs the first one attempt, and no other any, however often, while none gets through', () => {
    const { circuit, judge, time, log } = setup();
    for (let i = 0; i < 50; i++) {
      expect(judge.failed('t', `m${i % 3}`, unanswered)).toBe(i === 0 ? 'counts' : 'too-much');
      time.now += 5_000;
      if (i > 0) expect(circuit.admit('t')).toEqual({ go: true, probe: true });
    }
    expect(log).toEqual(['opened topic t']);
  });

  it('forgets who was left an hour ago, or was parked since', () => {
    const { judge, time } = setup();
    judge.failed('t', 'a', unanswered);
    time.now = 3_601_000;
    expect(judge.failed('t', 'b', unanswered)).toBe('counts');
    judge.over('t', 'b', null);
    expect(judge.failed('t', 'c', unanswered)).toBe('counts');
    expect(judge.failed('t', 'd', unanswered)).toBe('too-much');
  });

  it('is of its broker when that took nothing meanwhile, and another did', () => {
    const { judge, time, log } = setup();
    const startedAt = time.now;
    time.now += 1_000;
    judge.succeeded('t', 'another', null, 'b');
    time.now += 1_000;
    const verdicts = ['m1', 'm2', 'm3'].map((id) => judge.failed('t', id, atA, null, startedAt));
    expect(verdicts).toEqual(['counts', 'free', 'free']);
    expect(log).toEqual(['opened broker a']);
    judge.succeeded('t', 'm1', null, 'a');
    expect(judge.failed('t', 'm4', atA, null, startedAt)).toBe('too-much');
    expect(log).toEqual(['opened broker a', 'closed broker a', 'opened topic t']);
  });

  it.each([
    ['overload', atA],
    ['unknown', failure('unknown', 'a')],
  ])('is of its key when those of other keys get through at the same name (%s)', (_, silent) => {
    const { circuit, judge, time, log } = setup();
    const round = (keys: string[]) => {
      const startedAt = time.now;
      time.now += 2_000;
      judge.succeeded('t', 'another', null, 'a', 'works');
      return keys.map((key) => judge.failed('t', `of ${key}`, silent, key, startedAt));
    };
    judge.succeeded('t', 'another', null, 'a', 'works');
    expect(round(['k1'])).toEqual(['counts']);
    round(['k1', 'k2']);
    time.now += 5_000;
    circuit.admit('t');
    judge.succeeded('t', 'another', 'another', 'a', 'works');
    const before = log.length;
    for (let i = 0; i < 50; i++) {
      expect(round(['k1', 'k2'])).toEqual(['free', 'free']);
      expect(circuit.admit('t')).toEqual({ go: true, probe: false });
    }
    expect(round(['k3'])).toEqual(['free']);
    expect(log.slice(before)).toEqual(['opened broker a']);
    expect(judge.spareMs('a', 't', 'k1')).toBeGreaterThan(1_000);
    for (const key of ['k2', 'k3']) judge.succeeded('t', 'it', null, 'a', key);
    // Only one is left: it may be that one.
    expect(round(['k1', 'k1'])).toEqual(['counts', 'counts']);
  });

  it.each(['overload', 'unknown'] as const)(
    'counts again (%s) when those that were left with it got through at a broker that takes nothing else',
    (about) => {
      const { judge, time, refunded } = setup();
      const silent = failure(about, 'a');
      const fail = (key: string) => {
        judge.succeeded('t', 'another', null, 'b');
        time.now += 10_000;
        return judge.failed('t', `of ${key}`, silent, key, time.now - 10_000);
      };
      for (let i = 0; i < 5; i++) for (const key of ['k1', 'k2']) fail(key);
      judge.succeeded('t', 'of k2', null, 'a', 'k2');
      time.now += 60_000;
      const before = refunded.length;
      for (let i = 0; i < 50; i++) expect(fail('k1')).toBe('counts');
      expect(refunded).toHaveLength(before);
    },
  );

  it('counts after a day, however many there are', () => {
    const { judge, time } = setup();
    const round = () => ['k1', 'k2'].map((key) => judge.failed('t', `of ${key}`, atA, key, time.now));
    round();
    while (time.now < DAY) {
      time.now += 60_000;
      expect(round()).not.toContain('counts');
    }
    time.now += 60_000;
    expect(round()).toEqual(['counts', 'counts']);
    // And from then on until they are parked, however long their pauses get.
    for (let counted = 2; counted <= 16; counted++) {
      time.now += Math.min(600_000, 1_000 * 2 ** counted);
      expect(round()).toEqual(['counts', 'counts']);
    }
  });

  it('knows keys of the same name in two topics for two', () => {
    const { judge, time } = setup();
    const inBoth = () =>
      ['orders', 'payments'].map((topic) => judge.failed(topic, `of ${topic}`, atA, 'o-17', time.now));
    expect(inBoth()[0]).toBe('counts');
    time.now += 5_000;
    expect(inBoth()).not.toContain('counts');
    // What gets through in one says nothing of the other.
    judge.succeeded('payments', 'of payments', null, 'a', 'o-17');
    time.now += 5_000;
    expect(judge.failed('orders', 'of orders', atA, 'o-17', time.now)).toBe('counts');
  });

  it('counts when its broker said something, and is not silent', () => {
    const { judge, time } = setup();
    const said = { ...failure('unknown', 'a'), answered: true };
    for (let i = 0; i < 2; i++) {
      judge.succeeded('t', 'another', null, 'b');
      time.now += 1_000;
      expect(['k1', 'k2'].map((key) => judge.failed('t', `of ${key}`, said, key))).toEqual(['counts', 'counts']);
    }
  });

  it('is no probe of the connection any more, when it was one', () => {
    const { circuit, judge, time, log } = setup();
    const lost = (key: string) => judge.failed('t', `of ${key}`, failure('unknown', 'b'), key, time.now);
    time.now = 1_000;
    lost('k1');
    time.now = 3_000;
    judge.succeeded('t', 'of k2', null, 'b', 'k2');
    time.now = 4_000;
    lost('k3');
    time.now = 5_000;
    judge.failed('t', 'of k5', failure('connection', 'a'), 'k5', time.now);
    expect(log).toEqual(['opened connection']);
    time.now = 8_600;
    expect(circuit.admit('t')).toEqual({ go: true, probe: true });
    time.now = 10_600;
    expect(lost('k4')).toBe('free');
    time.now = 20_000;
    expect(circuit.admit('t')).toEqual({ go: true, probe: true });
  });

  it('costs nothing at several processes either, of which each sees some of the tries', () => {
    const others = Array.from({ length: 4 }, () => setup());
    // Keys of a frozen broker; who tries one next is chance, and a try that counts is followed by a longer pause.
    const keys = ['k1', 'k2', 'k3'].map((key) => ({ key, dueAt: 0, counted: 0 }));
    let random = 1;
    const chance = (n: number): number => (random = (random * 48_271) % 2_147_483_647) % n;
    for (let now = 0; now < DAY / 2; now += 1_000) {
      for (const one of others) {
        one.time.now = now;
        if (now % 10_000 === 0) one.judge.succeeded('t', 'another', null, 'b');
      }
      for (const each of keys.filter(({ dueAt }) => dueAt <= now)) {
        const { judge: at } = others[chance(others.length)]!;
        const counts = at.failed('t', `of ${each.key}`, failure('unknown', 'a'), each.key, now) === 'counts';
        if (counts) each.counted += 1;
        each.dueAt = now + (counts ? Math.min(600_000, 1_000 * 2 ** each.counted) : 30_000);
      }
    }
    expect(Math.max(...keys.map(({ counted }) => counted))).toBeLessThan(10);
  });
});
