import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { useTestDatabase } from '../../support/database.js';
import { BUILD_TIMEOUT_MS, ensureBuilt } from '../../support/built.js';
import { eventually } from '../../support/eventually.js';
import { findPrometheus } from '../../support/prometheus/fetch-prometheus.mjs';
import { dashboardExpressions } from './support/dashboard-expressions.js';
import { MonitoredApplication } from './support/monitored-application.js';
import { alertExpressions } from './support/alert-expressions.js';

const ROOT = join(__dirname, '../../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const alerts = read('monitoring/alerts.yml');
const alertNames = [...alerts.matchAll(/- alert: (\w+)/g)].map(([, name]) => name!);
const dashboard = dashboardExpressions(read('monitoring/grafana.json'));
const prometheus = findPrometheus();
const QUIET_S = 20;

/** What else fires while everything goes wrong that can while processes run, each with what it is about. */
const OF_FAULTS = [
  'MqAckExpired orders stock',
  'MqClockSkew worker',
  'MqDeadMessages stock',
  'MqDuplicateRateJump',
  'MqHandlerSlow reports',
  'MqManyDeadMessages',
  'MqOutboxGrowing bills',
  'MqOutboxStuck bills',
  'MqSendFailureRatio bills',
];

// Thresholds and durations as they are: alert-rules.spec.ts.
if (prometheus === null) {
  it('is left out without Prometheus, and must not be under CI', () => expect(process.env['CI']).toBeUndefined());
} else {
  describe('alerts and dashboard, in a real Prometheus that scrapes a real application', () => {
    const db = useTestDatabase();
    let app: MonitoredApplication;
    const expected: string[] = [];
    /** Waits until all of these have fired, too. */
    const fire = async (...more: string[]): Promise<void> => {
      expected.push(...more);
      const what = `${more.join(', ')} to fire`;
      await eventually(
        async () => {
          expect(await app.fired()).toEqual(expect.arrayContaining(expected));
          return true;
        },
        { what, intervalMs: 250, timeoutMs: 120_000 },
      );
    };

    beforeAll(ensureBuilt, BUILD_TIMEOUT_MS);
    beforeAll(async () => {
      app = await MonitoredApplication.start(db, prometheus, alerts);
    });

    afterAll(() => app?.stop());

    it('no alert finds anything to tell of while all is well, from the first scrape on', async () => {
      app.beginTraffic();
      const moments = `min(count_over_time(up[${3 * QUIET_S}s])) > ${QUIET_S + 1}`;
      await eventually(async () => (await app.prometheus.query(moments)).length > 0, {
        what: 'so many scrapes',
        intervalMs: 250,
        timeoutMs: 120_000,
      });
      // With the times that are in the file: what a busy machine does within one of its seconds is no minute of an application.
      for (const { name, expression } of alertExpressions(alerts)) {
        const told = `count_over_time((${expression})[${QUIET_S}s:1s])`;
        expect([name, await app.prometheus.query(told)]).toEqual([name, []]);
      }
      const handled = await app.prometheus.query('sum by (group) (mq_inbox_processed_total{result="ok"}) > 50');
      expect(handled.map(({ metric }) => metric['group']).sort()).toEqual(['audit', 'reports', 'stock']);
    });

    // That no other one fires is tried where no busy machine plays a part: alert-rules.spec.ts.
    it('each fault fires its alert', async () => {
      await app.plantFaults();
      await fire('MqLoopLag audit');
      await app.audit.kill();
      await fire('MqNoConsumer audit', ...OF_FAULTS);
      for (const { name, annotations } of await app.prometheus.alerts())
        expect([name, JSON.stringify(annotations)]).toEqual([name, expect.not.stringMatching(/<error|no value|%!/)]);
      await app.endFaults();
      // What leaves now has waited.
      await fire('MqSendingSlow', 'MqSendingSlowFast');
      expect(await app.prometheus.brokenRules()).toEqual([]);
    });

    it('the dashboard shows something everywhere', async () => {
      await app.prune();
      for (const { title, expression } of dashboard) {
        await eventually(async () => (await app.prometheus.query(expression)).length > 0, {
          what: `a result of ${title}: ${expression}`,
          timeoutMs: 20_000,
        });
      }
    });

    it('names metrics that exist, in both files', async () => {
      const there = new Set(await app.prometheus.names());
      const text = [alerts, ...dashboard.map(({ expression }) => expression)].join('\n');
      const named = new Set(text.match(/\b(mq|process)_[a-z_]+\b/g));
      expect(named.size).toBeGreaterThan(20);
      expect([...named].filter((name) => !there.has(name))).toEqual([]);
    });

    it('that nobody relays, and that nobody is left to tell anything', async () => {
      await app.endTraffic();
      await app.relay.kill();
      await fire('MqNoRelay');
      await app.killAll();
      await fire('MqAbsentMetrics');
    });

    it('every alert of the file has fired', () => {
      const names = new Set(expected.map((alert) => alert.split(' ')[0]));
      expect([...names].sort()).toEqual(alertNames.toSorted());
    });
  });
}
