import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findPrometheus } from '../../support/prometheus/fetch-prometheus.mjs';
import { ALERT_CASES, type AlertCase } from './support/alert-cases.js';
import { healthyDay } from './support/healthy-day.js';

const RULES = join(__dirname, '../../../monitoring/alerts.yml');
const prometheus = findPrometheus();

interface Expectation {
  readonly expr: string;
  readonly eval_time: string;
  readonly exp_samples: readonly { labels: string; value: number }[];
}

function neverFired(alerts: string, until: string, during = until): Expectation {
  const expr = `count_over_time(ALERTS{alertname=~"${alerts}", alertstate="firing"}[${during}])`;
  return { expr, eval_time: until, exp_samples: [] };
}

function expectationsOf({ alert, silentUntil, silentFor, fires }: AlertCase): Expectation[] {
  const silent = neverFired(alert, silentUntil, silentFor);
  if (!fires) return [silent];
  const labels = Object.entries({ alertname: alert, ...fires.labels });
  const firing = {
    expr: `count by (${labels.map(([label]) => label).join(', ')}) (ALERTS{alertname="${alert}", alertstate="firing"})`,
    eval_time: fires.at,
    exp_samples: [{ labels: `{${labels.map(([label, value]) => `${label}="${value}"`).join(', ')}}`, value: 1 }],
  };
  return [silent, firing];
}

/** What promtool has to say; nothing when all is as expected. In JSON, of which YAML is made. */
function promtool(
  tests: readonly { name: string; series: AlertCase['series']; expected: readonly Expectation[] }[],
): string {
  const folder = mkdtempSync(join(tmpdir(), 'mq-promtool-'));
  try {
    const file = join(folder, 'tests.json');
    const written = tests.map(({ name, series, expected }) => ({
      name,
      interval: '1m',
      input_series: Object.entries(series).map(([one, values]) => ({ series: one, values })),
      promql_expr_test: expected,
    }));
    writeFileSync(file, JSON.stringify({ rule_files: [RULES], evaluation_interval: '1m', tests: written }));
    execFileSync(join(prometheus!, 'promtool'), ['test', 'rules', file], { encoding: 'utf8', stdio: 'pipe' });
    return '';
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    return `${stdout ?? ''}${stderr ?? String(error)}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (prometheus === null) {
  it('is left out without Prometheus, and must not be under CI', () => expect(process.env['CI']).toBeUndefined());
} else {
  describe('the alerts, by promtool', () => {
    it('are rules that it takes', () => {
      execFileSync(join(prometheus, 'promtool'), ['check', 'rules', RULES], { stdio: 'pipe' });
    });

    it('fire where they should, as late as they should, and not for less', () => {
      const tests = ALERT_CASES.map((one) => ({
        name: `${one.alert}: ${one.when}`,
        series: one.series,
        expected: expectationsOf(one),
      }));
      expect(promtool(tests)).toBe('');
    });

    it('are all tried both ways', () => {
      const alerts = [...readFileSync(RULES, 'utf8').matchAll(/- alert: (\w+)/g)].map(([, name]) => name!);
      expect(alerts.length).toBeGreaterThan(10);
      const tried = (fires: boolean): string[] =>
        alerts.filter((name) =>
          ALERT_CASES.some(({ alert, fires: at }) => alert === name && (at !== undefined) === fires),
        );
      expect([tried(true), tried(false)]).toEqual([alerts, alerts]);
    });

    it('are silent for a day of an application that is well, in the middle of which it is deployed', () => {
      const expected = [
        neverFired('.+', '8h'),
        // It is there, and the rules see it.
        {
          expr: 'count(count_over_time(mq_node_info[8h]))',
          eval_time: '8h',
          exp_samples: [{ labels: '{}', value: 6 }],
        },
      ];
      expect(promtool([{ name: 'a day', series: healthyDay(), expected }])).toBe('');
    });
  });
}
