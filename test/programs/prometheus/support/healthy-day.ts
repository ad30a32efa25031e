const MINUTES = 480;
/** When another version takes over, with two minutes in which both run. */
const DEPLOYED = 240;
const OVERLAP = 2;

/** A process from a minute to another, and what it exports then. */
interface Life {
  readonly instance: string;
  readonly from: number;
  readonly to: number;
}

const OLD = { from: 0, to: DEPLOYED };
const NEW = { from: DEPLOYED - OVERLAP, to: MINUTES };

/**
 * A working day of an application that is well, a sample a minute: a relay, a worker and an API, which are replaced by newer ones at noon;
 * counters that go on from 0 then; the tables told of by two processes for one scrape; and what belongs to a good day: one send
 * in 100 fails and is repeated, one in 500 is slow, one message in 1,000 comes twice.
 */
export function healthyDay(): Record<string, string> {
  return Object.assign(
    {},
    ...[OLD, NEW].flatMap((life, version) => [
      processOf('publish', { ...life, instance: `api-${version}` }),
      relayOf({ ...life, instance: `relay-${version}` }),
      workerOf({ ...life, instance: `worker-${version}` }),
    ]),
  ) as Record<string, string>;
}

function processOf(role: string, life: Life): Record<string, string> {
  return {
    [series('mq_node_info', life, { role })]: during(life, '1'),
    [series('mq_node_heartbeat_timestamp_seconds', life)]: during(life, `${life.from * 60}+60`),
    [series('mq_db_clock_offset_seconds', life)]: during(life, '0.02'),
    [series('mq_event_loop_lag_seconds', life)]: during(life, '0.05'),
    [series('mq_group_consumers', life, { group: 'stock' })]: during(life, role === 'worker' ? '1' : '0'),
    [series('mq_handler_timeout_seconds', life, { group: 'stock' })]: during(life, '30'),
    [series('mq_outbox_published_total', life, { topic: 'orders' })]: during(life, role === 'publish' ? '0+1000' : '0'),
  };
}

/** It has the duty until the other one begins to tell, and for the scrape in which that happens. */
function relayOf(life: Life): Record<string, string> {
  const sent = (name: string, step: number, labels: object): Record<string, string> => ({
    [series(name, life, { topic: 'orders', ...labels })]: during(life, `0+${step}`),
  });
  const tables = { ...life, to: Math.min(life.to, life === OLD ? NEW.from + 1 : life.to) };
  const gauge = (name: string, value: number, labels: object): Record<string, string> => ({
    [series(name, life, labels as Record<string, string>)]: during(tables, String(value)),
  });
  return {
    ...processOf('relay', life),
    ...sent('mq_outbox_sent_total', 1_000, { result: 'ok' }),
    ...sent('mq_outbox_sent_total', 10, { result: 'retry' }),
    ...sent('mq_outbox_delivery_seconds_bucket', 998, { le: '5' }),
    ...sent('mq_outbox_delivery_seconds_count', 1_000, {}),
    ...gauge('mq_outbox_messages', 600, { topic: 'orders', state: 'pending' }),
    ...gauge('mq_outbox_messages', 30, { topic: 'orders', state: 'sending' }),
    ...gauge('mq_outbox_oldest_age_seconds', 4, { topic: 'orders' }),
    ...gauge('mq_errors_open', 0, { group: '', class: '_other' }),
  };
}

function workerOf(life: Life): Record<string, string> {
  const counted = (name: string, step: number, labels: object): Record<string, string> => ({
    [series(name, life, { topic: 'orders', group: 'stock', ...labels })]: during(life, `0+${step}`),
  });
  return {
    ...processOf('worker', life),
    ...counted('mq_inbox_processed_total', 1_000, { result: 'ok' }),
    ...counted('mq_inbox_processed_total', 1, { result: 'duplicate' }),
    ...counted('mq_handler_duration_seconds_bucket', 900, { le: '1' }),
    ...counted('mq_handler_duration_seconds_bucket', 1_000, { le: '10' }),
    ...counted('mq_handler_duration_seconds_bucket', 1_000, { le: '+Inf' }),
    ...counted('mq_ack_expired_total', 0, {}),
    [series('mq_duplicate_sends_total', life, { reason: 'redelivered' })]: during(life, '0+1'),
  };
}

function series(name: string, { instance }: Life, labels: Readonly<Record<string, string>> = {}): string {
  const all = { connection: 'default', job: 'shop', instance, ...labels };
  return `${name}{${Object.entries(all)
    .map(([label, value]) => `${label}="${value}"`)
    .join(',')}}`;
}

/** As promtool writes it: nothing before, and an end that Prometheus notices at the next scrape. */
function during({ from, to }: Life, values: string): string {
  const before = from === 0 ? '' : `_x${from} `;
  return `${before}${values}x${to - from - 1} stale`;
}
