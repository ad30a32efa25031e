import { ManualClock } from '../../../testing/manual-clock.js';
import { BrokerRecords } from './broker-records.js';

describe('BrokerRecords', () => {
  const KEYS = 200_000;

  it('remembers ten thousand keys of a broker that takes none, and forgets those that failed longest ago', () => {
    const records = new BrokerRecords(new ManualClock());
    for (let n = 0; n < KEYS; n += 1) records.refuse('a', `key ${n}`, true);
    records.refuse('a', `key ${KEYS - 10_000}`, true);
    records.refuse('a', 'one more', true);
    expect(records.certainlyRefuses('a', `key ${KEYS - 10_001}`)).toBe(false);
    expect(records.certainlyRefuses('a', `key ${KEYS - 9_999}`)).toBe(false);
    expect(records.certainlyRefuses('a', `key ${KEYS - 10_000}`)).toBe(true);
    expect(records.certainlyRefuses('a', `key ${KEYS - 1}`)).toBe(true);
    expect(records.took('a', 'one more')).toBeNull();
  });

  it('says for how long a broker refused some, when all of them got through or were forgotten', async () => {
    const clock = new ManualClock();
    const records = new BrokerRecords(clock);
    records.refuse('a', 'cancelled meanwhile', true);
    await clock.advance(60_000);
    records.refuse('a', 'k', true);
    await clock.advance(61_000);
    expect(records.refusing()).toEqual(['a']);
    expect(records.took('a', 'k')).toBe(121_000);
    expect(records.refusing()).toEqual([]);
  });

  it('forgets a broker that nothing was sent to for two minutes: it may be there no more', async () => {
    const clock = new ManualClock();
    const records = new BrokerRecords(clock);
    records.refuse('a', 'k', true);
    await clock.advance(119_000);
    expect(records.refusing()).toEqual(['a']);
    await clock.advance(2_000);
    expect(records.refusing()).toEqual([]);
  });

  it('takes a failure some time after one that was over for the first', async () => {
    const clock = new ManualClock();
    const records = new BrokerRecords(clock);
    records.failed('a');
    for (let second = 0; second < 50; second += 1) {
      await clock.advance(1_000);
      records.took('a', null);
    }
    expect(records.failed('a')).toBe(false);
  });

  it('asks less and less often, and never more than half a minute apart', async () => {
    const clock = new ManualClock();
    const records = new BrokerRecords(clock);
    records.refuse('a', 'k', true);
    const waits: number[] = [];
    for (const ms of [0, 8_000, 32_000, 560_000]) {
      await clock.advance(ms);
      waits.push(records.spareMs('a', 'k'));
    }
    expect(waits).toEqual([1_000, 2_000, 10_000, 30_000]);
    expect(records.spareMs('b', 'k')).toBe(0);
  });
});
