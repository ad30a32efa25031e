import { Counter, Histogram, type Registry } from 'prom-client';

/** 5 ms to an hour, in steps of 1, 2 and 5. */
const SECONDS = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 3_600];

/** What is counted and timed as it happens. Everything has the label `connection`: an application may have several. */
export type Instruments = ReturnType<typeof makeInstruments>;

export function makeInstruments(registry: Registry, prefix: string) {
  const counter = <L extends string>(name: string, help: string, labels: readonly L[]): Counter<L | 'connection'> =>
    new Counter({ name: prefix + name, help, labelNames: ['connection', ...labels], registers: [registry] });
  const histogram = <L extends string>(name: string, help: string, labels: readonly L[]): Histogram<L | 'connection'> =>
    new Histogram({
      name: prefix + name,
      help,
      labelNames: ['connection', ...labels],
      buckets: SECONDS,
      registers: [registry],
    });
  return {
    published: counter('outbox_published_total', 'Messages written into the outbox', ['topic']),
    sent: counter('outbox_sent_total', 'Sends to the broker, by what became of them', ['topic', 'result']),
    sendSeconds: histogram('outbox_send_duration_seconds', 'How long the broker took for one message', ['topic']),
    deliverySeconds: histogram('outbox_delivery_seconds', 'From publishing until the broker has a message', ['topic']),
    processed: counter('inbox_processed_total', 'Deliveries, by what became of them', ['topic', 'group', 'result']),
    handlerSeconds: histogram('handler_duration_seconds', 'Handlers with their transactions', ['topic', 'group']),
    endToEndSeconds: histogram('end_to_end_seconds', 'From publishing until a message is handled', ['topic', 'group']),
    ackExpired: counter('ack_expired_total', 'Acknowledgements that came after the lease', ['topic', 'group']),
    duplicates: counter('duplicate_sends_total', 'Copies of handled messages, by why they came', ['reason']),
    leasesStolen: counter('lease_stolen_total', 'Writes to rows that another process has by now', []),
    listenerFailures: counter('listener_failures_total', 'Failures of methods under @OnMqEvent', []),
    clockSkews: counter('clock_skew_total', 'Times that came out negative, because clocks differ', []),
    pruned: counter('housekeeping_deleted_total', 'Rows deleted after their retention', ['table']),
    pruneSeconds: histogram('housekeeping_duration_seconds', 'Deleting one batch of rows', ['table']),
  };
}
