import type { TestDatabase } from '../../../support/database.js';
import { EmulatorProgram } from '../../../support/emulator-program.js';
import { eventually } from '../../../support/eventually.js';
import { PrometheusServer } from '../../../support/prometheus/prometheus-server.js';
import { MonitoredProcess, type ProcessSetup } from './monitored-process.js';
import { quickerRules } from './quicker-rules.js';

const inXml = (status: number, code: string, message: string) => ({
  status,
  body: `<?xml version="1.0"?>\n<Error xmlns="http://mq.aliyuncs.com/doc/v1/"><Code>${code}</Code><Message>${message}</Message></Error>`,
  headers: { 'content-type': 'text/xml' },
});
/** As the service answers to an acknowledgement that comes after the lease. */
const EXPIRED = inXml(404, 'ReceiptHandleError', 'The receipt handle you provided has expired.');
/** As it answers where somebody has deleted the topic. What goes to other topics goes on. */
const NO_TOPIC = inXml(404, 'TopicNotExist', 'The topic does not exist.');

/**
 * Processes of an application on a database and the emulator, and a Prometheus that looks at them. One relays and publishes,
 * two handle: orders for `stock` and reports, orders for `audit`.
 */
export class MonitoredApplication {
  static async start(db: TestDatabase, programs: string, rules: string): Promise<MonitoredApplication> {
    const emulator = await EmulatorProgram.start({ args: ['--invisible', '60s'] });
    const start = (setup: ProcessSetup): Promise<MonitoredProcess> =>
      MonitoredProcess.start(db.url, emulator.endpoint, setup);
    // It makes the tables, and tells of them: who is asked first has that duty.
    const relay = await start({ role: 'relay' });
    await relay.metrics();
    const [worker, audit] = await Promise.all([
      start({ role: 'worker', consumes: 'stock,reports' }),
      start({ role: 'worker', consumes: 'audit' }),
    ]);
    // Last: the others end with the file of tests, whatever becomes of them.
    const targets = [relay, worker, audit].map(({ address }) => ({ job: 'shop', address }));
    const prometheus = await PrometheusServer.start(programs, quickerRules(rules), targets);
    return new MonitoredApplication(db, prometheus, emulator, relay, worker, audit);
  }

  private going = true;
  private traffic: Promise<unknown> = Promise.resolve();
  /** What the handlers of reports are given. */
  private report: object = {};

  private constructor(
    private readonly db: TestDatabase,
    readonly prometheus: PrometheusServer,
    private readonly emulator: EmulatorProgram,
    readonly relay: MonitoredProcess,
    readonly worker: MonitoredProcess,
    readonly audit: MonitoredProcess,
  ) {}

  /** Alerts that have fired since the beginning: their names, with topic, group and process where they have them. */
  async fired(): Promise<string[]> {
    const alerts = await this.prometheus.query(
      'count by (alertname, topic, group, instance) (count_over_time(ALERTS{alertstate="firing"}[10m]))',
    );
    const names = new Map(Object.entries({ relay: this.relay, worker: this.worker, audit: this.audit }));
    const nameOf = (instance: string | undefined): string | undefined =>
      [...names].find(([, { address }]) => address === instance)?.[0];
    return alerts
      .map(({ metric: { alertname, topic, group, instance } }) =>
        [alertname, topic, group, nameOf(instance)].filter(Boolean).join(' '),
      )
      .sort();
  }

  /** Publishes a little to every topic several times a second, until it ends. */
  beginTraffic(): void {
    const run = async (): Promise<void> => {
      while (this.going) {
        await this.relay.publish('orders', 5);
        await this.relay.publish('reports', 2, this.report);
        await this.relay.publish('bills', 2);
        await new Promise((resolve) => setTimeout(resolve, 300));
      }
    };
    this.traffic = run();
    this.traffic.catch(() => undefined);
  }

  /** Everything that goes wrong while processes run, side by side. */
  async plantFaults(): Promise<void> {
    // Orders are stored twice, acknowledgements of stock come too late, the topic of the bills is gone.
    await this.emulator.setFaults([
      { operation: 'publish', topic: 'shop_orders', effect: 'duplicate' },
      { operation: 'publish', topic: 'shop_bills', effect: NO_TOPIC },
      { operation: 'ack', group: 'GID_stock', probability: 0.5, effect: EXPIRED },
    ]);
    await this.worker.shiftClock(5_000);
    // Shorter than a scrape may take with the pause after it, so that the process can be asked at all. Goes on until it is killed.
    void this.audit.holdUp(1_200, 1_000).catch(() => undefined);
    this.report = { ms: 5_000 };
    // More than twenty within a quarter of a minute, also of a machine that parks two a second.
    await this.relay.publish('orders', 150, { failIn: 'stock' });
    await this.relay.publish('bills', 1_100);
    // Makes the oldest of them two minutes older, as time would.
    await eventually(async () => {
      const waiting = `due_at IS NOT NULL AND topic_alias = 'bills'`;
      await this.db.query(
        `UPDATE mq_status_log SET created_at = created_at - 120000 WHERE ${waiting}
          AND id = (SELECT MIN(id) FROM mq_status_log WHERE ${waiting})`,
      );
      return (await this.db.query(`SELECT 1 FROM mq_status_log WHERE ${waiting}`)).length > 0;
    });
  }

  endFaults(): Promise<void> {
    return this.emulator.setFaults([]);
  }

  /** Lets everything that was sent be old enough to be deleted, and has it deleted. */
  async prune(): Promise<void> {
    await this.db.query(`UPDATE mq_status_log SET done_at = done_at - ${3 * 86_400_000} WHERE done_at IS NOT NULL`);
    await this.relay.prune();
  }

  async endTraffic(): Promise<void> {
    this.going = false;
    await this.traffic;
  }

  async killAll(): Promise<void> {
    await Promise.all([this.relay, this.worker, this.audit].map((each) => each.kill()));
  }

  async stop(): Promise<void> {
    this.going = false;
    await this.killAll();
    await Promise.all([this.prometheus.stop(), this.emulator.stop()]);
  }
}
