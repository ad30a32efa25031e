import { ManualClock } from '../../testing/manual-clock.js';
import { BrokerRecords } from './broker-records.js';

describe('BrokerRecords', () => {
  const KEYS = 200_000;

  it('remembers ten thousand keys of a broker that takes none, and forgets those that failed longest ago', () => {
    const records = new BrokerRecords(new ManualClock());
    for (let n = 0; n < KEYS; n += 1) records.refuse('a', `key ${n}`);
    records.refuse('a', `key ${KEYS - 10_000}`);
    records.refuse('a', 'one more');
    expect(records.refuses('a', `key ${KEYS - 10_001}`)).toBe(false);
    expect(records.refuses('a', `key ${KEYS - 9_999}`)).toBe(false);
    expect(records.refuses('a', `key ${KEYS - 10_000}`)).toBe(true);
    expect(records.refuses('a', `key ${KEYS - 1}`)).toBe(true);
    expect(records.took('a', 'one more')).toBeNull();
  });

  it('says for how long a broker refused some, when all of them got through or were forgotten', async () => {
    const clock = new ManualClock();
    const records = new BrokerRecords(clock);
    records.refuse('a', 'cancelled meanwhile');
    await clock.advance(60_000);
    records.refuse('a', 'k');
    await clock.advance(61_000);
    expect(records.refusing).toEqual(['a']);
    expect(records.took('a', 'k')).toBe(121_000);
    expect(records.refusing).toEqual([]);
  });
});
