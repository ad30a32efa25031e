import { exceeded } from './limits.js';

const NONE = { PENDING: 0, SENDING: 0, ACCEPTED: 0, SENT: 0, DEAD: 0, CANCELLED: 0 };
const counts = {
  connection: 'billing',
  byStatus: { ...NONE, PENDING: 6, SENDING: 4, ACCEPTED: 100, SENT: 1_000, DEAD: 2 },
  parkedDeliveries: 1,
  topics: [topic('orders', 90_000), topic('bills', 3_600_000), topic('calls', 0)],
  pauses: [{ target: 'topic:bills' }, { target: 'group:stock' }],
};

function topic(name: string, oldestAgeMs: number) {
  return { topic: name, pending: 1, sending: 0, accepted: 0, dead: 0, overdueMs: 1_000, oldestAgeMs };
}

it('says which limit is exceeded, by what, and where', () => {
  expect(exceeded(counts, { maxOverdueMs: 60_000, maxBacklog: 9, maxDead: 0 })).toEqual([
    'billing: a message should have left 1m 30s ago, longer than --max-overdue 1m',
    'billing: 10 messages are not with the broker, more than --max-backlog 9',
    'billing: 3 messages are dead or parked, more than --max-dead 0',
  ]);
});

it('takes what a limit says for well, and what has no limit', () => {
  expect(exceeded(counts, { maxOverdueMs: 90_000, maxBacklog: 10, maxDead: 3 })).toEqual([]);
  expect(exceeded(counts, {})).toEqual([]);
});
