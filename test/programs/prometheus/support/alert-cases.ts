/** What promtool is told of one alert: series as its test files write them, a sample a minute, and when the alert fires. */
export interface AlertCase {
  readonly alert: string;
  readonly when: string;
  readonly series: Readonly<Record<string, string>>;
  /** Up to this time it never fires. */
  readonly silentUntil: string;
  /** For how long until then. Default: from the beginning. */
  readonly silentFor?: string;
  /** Then it does, with these labels. Not there: it stays silent. */
  readonly fires?: { readonly at: string; readonly labels: Readonly<Record<string, string>> };
}

const slowSends = (within5s: string, all: string): AlertCase['series'] => ({
  'mq_outbox_delivery_seconds_bucket{connection="default",topic="orders",le="5"}': within5s,
  'mq_outbox_delivery_seconds_count{connection="default",topic="orders"}': all,
});
const handlers = (le10: string, le20: string, le50: string): AlertCase['series'] => ({
  'mq_handler_duration_seconds_bucket{connection="default",group="stock",le="10"}': le10,
  'mq_handler_duration_seconds_bucket{connection="default",group="stock",le="20"}': le20,
  'mq_handler_duration_seconds_bucket{connection="default",group="stock",le="50"}': le50,
  'mq_handler_duration_seconds_bucket{connection="default",group="stock",le="+Inf"}': le50,
  'mq_handler_timeout_seconds{connection="default",group="stock",instance="a"}': '30x60',
  'mq_handler_timeout_seconds{connection="default",group="stock",instance="b"}': '30x60',
});
const sends = (ok: string, retry: string): AlertCase['series'] => ({
  'mq_outbox_sent_total{connection="default",topic="orders",result="ok"}': ok,
  'mq_outbox_sent_total{connection="default",topic="orders",result="retry"}': retry,
});
const outbox = (published: string, sent: string, pending: string): AlertCase['series'] => ({
  'mq_outbox_published_total{connection="default",topic="orders"}': published,
  'mq_outbox_sent_total{connection="default",topic="orders",result="ok"}': sent,
  'mq_outbox_messages{connection="default",topic="orders",state="pending"}': pending,
});
const copies = (reason: string, duplicates: string, processed: string): AlertCase['series'] => ({
  [`mq_duplicate_sends_total{connection="default",reason="${reason}"}`]: duplicates,
  'mq_inbox_processed_total{connection="default",group="stock",result="ok"}': processed,
});
const errorsOpen = (instance: string, values: string): AlertCase['series'] => ({
  [`mq_errors_open{connection="default",group="stock",class="Error",instance="${instance}"}`]: values,
});
const oldest = (values: string): AlertCase['series'] => ({
  'mq_outbox_oldest_age_seconds{connection="default",topic="orders"}': values,
});
const consumers = (a: string, b: string): AlertCase['series'] => ({
  'mq_group_consumers{connection="default",group="stock",instance="a"}': a,
  'mq_group_consumers{connection="default",group="stock",instance="b"}': b,
});
const nodes = (relay: string, heartbeat: string): AlertCase['series'] => ({
  'mq_node_info{connection="default",job="shop",instance="api",role="publish"}': '1x60',
  'mq_node_heartbeat_timestamp_seconds{connection="default",job="shop",instance="api"}': '0+60x60',
  'mq_node_info{connection="default",job="shop",instance="relay",role="relay"}': relay,
  'mq_node_heartbeat_timestamp_seconds{connection="default",job="shop",instance="relay"}': heartbeat,
});

const orders = { topic: 'orders' };
const stock = { group: 'stock' };

/** Of each alert: when it fires, what is not enough for it, and what happens to applications that are well. */
export const ALERT_CASES: readonly AlertCase[] = [
  {
    alert: 'MqOutboxStuck',
    when: 'the oldest waits for more than a minute, for five of them',
    series: oldest('60x5 61x10'),
    silentUntil: '10m',
    fires: { at: '11m', labels: orders },
  },
  { alert: 'MqOutboxStuck', when: 'it waits for a minute', series: oldest('60x60'), silentUntil: '60m' },
  {
    alert: 'MqOutboxGrowing',
    when: 'more is published than sent while more than 1,000 wait',
    series: outbox('0+120x60', '0+60x60', '1001x60'),
    silentUntil: '15m',
    fires: { at: '16m', labels: orders },
  },
  {
    alert: 'MqOutboxGrowing',
    when: '1,000 wait',
    series: outbox('0+120x60', '0+60x60', '1000x60'),
    silentUntil: '60m',
  },
  {
    alert: 'MqOutboxGrowing',
    when: 'many wait, and as many leave as come',
    series: outbox('0+120x60', '0+120x60', '5000x60'),
    silentUntil: '60m',
  },
  {
    alert: 'MqDeadMessages',
    when: 'one is parked',
    series: errorsOpen('a', '0x5 1x10'),
    silentUntil: '6m',
    fires: { at: '7m', labels: stock },
  },
  { alert: 'MqDeadMessages', when: 'none is', series: errorsOpen('a', '0x60'), silentUntil: '60m' },
  {
    alert: 'MqManyDeadMessages',
    when: '21 are parked at once',
    series: errorsOpen('a', '0x20 21x10'),
    silentUntil: '20m',
    fires: { at: '21m', labels: {} },
  },
  { alert: 'MqManyDeadMessages', when: '20 are', series: errorsOpen('a', '0x20 20x40'), silentUntil: '60m' },
  {
    alert: 'MqManyDeadMessages',
    when: 'many were parked long ago, and another process tells of them now, for one scrape together with the first',
    series: { ...errorsOpen('a', '30x30 stale'), ...errorsOpen('b', '_x30 30x30') },
    silentUntil: '60m',
  },
  {
    alert: 'MqSendFailureRatio',
    when: '6 % of the sends fail',
    series: sends('0+94x60', '0+6x60'),
    silentUntil: '10m',
    fires: { at: '11m', labels: orders },
  },
  { alert: 'MqSendFailureRatio', when: '4 % do', series: sends('0+96x60', '0+4x60'), silentUntil: '60m' },
  {
    alert: 'MqSendFailureRatio',
    when: 'one fails, where one is sent a minute',
    series: sends('0+1x60', '0x20 1x40'),
    silentUntil: '60m',
  },
  {
    alert: 'MqNoRelay',
    when: 'the relay reaches the database no more',
    series: nodes('1x60', '0+60x10 600x50'),
    silentUntil: '13m',
    fires: { at: '14m', labels: { connection: 'default' } },
  },
  {
    alert: 'MqNoRelay',
    when: 'the relay is gone',
    series: nodes('1x10 stale', '0+60x10 stale'),
    silentUntil: '12m',
    fires: { at: '13m', labels: { connection: 'default' } },
  },
  { alert: 'MqNoRelay', when: 'one relays', series: nodes('1x60', '0+60x60'), silentUntil: '60m' },
  {
    alert: 'MqNoConsumer',
    when: 'the one process that reads for a group does so no more',
    series: consumers('1x5 0x20', '0x60'),
    silentUntil: '10m',
    fires: { at: '11m', labels: stock },
  },
  { alert: 'MqNoConsumer', when: 'another one reads', series: consumers('1x5 0x55', '1x60'), silentUntil: '60m' },
  {
    alert: 'MqHandlerSlow',
    when: 'handlers take more than half of their timeout',
    series: handlers('0x60', '0x60', '0+100x60'),
    silentUntil: '10m',
    fires: { at: '11m', labels: stock },
  },
  {
    alert: 'MqHandlerSlow',
    when: 'one in 25 does',
    series: handlers('0+96x60', '0+96x60', '0+100x60'),
    silentUntil: '60m',
  },
  {
    alert: 'MqAckExpired',
    when: 'one acknowledgement came too late',
    series: { 'mq_ack_expired_total{connection="default",topic="orders",group="stock"}': '0x20 1x20' },
    silentUntil: '20m',
    fires: { at: '21m', labels: { ...orders, ...stock } },
  },
  {
    alert: 'MqAckExpired',
    when: 'none did since',
    series: { 'mq_ack_expired_total{connection="default",topic="orders",group="stock"}': '7x60' },
    silentUntil: '60m',
  },
  {
    alert: 'MqClockSkew',
    when: 'a clock is 2.5 s behind',
    series: { 'mq_db_clock_offset_seconds{connection="default",instance="a"}': '0x5 -2.5x10' },
    silentUntil: '10m',
    fires: { at: '11m', labels: { instance: 'a' } },
  },
  {
    alert: 'MqClockSkew',
    when: 'it is 2 s behind',
    series: { 'mq_db_clock_offset_seconds{connection="default",instance="a"}': '-2x60' },
    silentUntil: '60m',
  },
  {
    alert: 'MqDuplicateRateJump',
    when: 'one in 1,000 came twice for hours, and now one in 20 does',
    series: copies('redelivered', '0+1x360 410+50x60', '0+1000x420'),
    silentUntil: '365m',
    fires: { at: '380m', labels: { connection: 'default' } },
  },
  {
    alert: 'MqDuplicateRateJump',
    when: 'one in 50 comes twice, as it did yesterday',
    series: copies('redelivered', '0+20x1800', '0+1000x1800'),
    // At first there is no yesterday.
    silentUntil: '30h',
    silentFor: '12h',
  },
  {
    alert: 'MqDuplicateRateJump',
    when: 'one in 200 comes twice all of a sudden',
    series: copies('sent-twice', '0x60 0+5x60', '0+1000x120'),
    silentUntil: '2h',
  },
  {
    alert: 'MqDuplicateRateJump',
    when: 'a few come twice where few are handled',
    series: copies('redelivered', '0x60 5x60', '0+2x120'),
    silentUntil: '2h',
  },
  {
    alert: 'MqDuplicateRateJump',
    when: 'many are replayed',
    series: copies('replayed', '0x60 0+500x60', '0+1000x120'),
    silentUntil: '2h',
  },
  {
    alert: 'MqLoopLag',
    when: 'a loop is held up for more than a second, for minutes',
    series: { 'mq_event_loop_lag_seconds{instance="a"}': '0x10 1.2x10' },
    silentUntil: '12m',
    fires: { at: '20m', labels: { instance: 'a' } },
  },
  {
    alert: 'MqLoopLag',
    when: 'it is once, for two',
    series: { 'mq_event_loop_lag_seconds{instance="a"}': '0x10 2 0x49' },
    silentUntil: '60m',
  },
  {
    alert: 'MqAbsentMetrics',
    when: 'nobody is scraped any more',
    series: { ...oldest('0x10 stale'), 'mq_node_info{connection="default",role="relay"}': '1x10 stale' },
    silentUntil: '15m',
    fires: { at: '16m', labels: {} },
  },
  {
    alert: 'MqAbsentMetrics',
    when: 'processes are scraped, and none tells of the tables',
    series: { ...oldest('0x10 stale'), 'mq_node_info{connection="default",role="relay"}': '1x60' },
    silentUntil: '15m',
    fires: { at: '16m', labels: {} },
  },
  {
    alert: 'MqAbsentMetrics',
    when: 'nobody tells of them for four minutes',
    series: { ...oldest('0x10 stale _x3 0x45'), 'mq_node_info{connection="default",role="relay"}': '1x60' },
    silentUntil: '60m',
  },
  {
    alert: 'MqSendingSlowFast',
    when: 'one in five is slow, until that makes 14.4 % of an hour',
    series: slowSends('0+100x60 6080+80x60', '0+100x120'),
    silentUntil: '100m',
    fires: { at: '106m', labels: { connection: 'default' } },
  },
  {
    alert: 'MqSendingSlowFast',
    when: 'one in ten is',
    series: slowSends('0+100x60 6090+90x300', '0+100x360'),
    silentUntil: '6h',
  },
  {
    alert: 'MqSendingSlow',
    when: 'one in ten is slow, until that makes 6 % of six hours',
    series: slowSends('0+100x60 6090+90x300', '0+100x360'),
    silentUntil: '145m',
    fires: { at: '156m', labels: { connection: 'default' } },
  },
  {
    alert: 'MqSendingSlow',
    when: 'one in 100 is, as the objective allows',
    series: slowSends('0+99x360', '0+100x360'),
    silentUntil: '6h',
  },
];
