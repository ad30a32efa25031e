import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MqPrometheusModule, type MqPrometheusOptions } from 'nestjs-reliable-mq/prometheus';
import { Registry } from 'prom-client';
import { useTestDatabase } from '../support/database.js';
import { closeAfterEach } from '../support/mq-app.js';
import { bootNode } from '../support/node/node.js';
import { readPage, ROOT, tableRows } from '../support/pages.js';

const page = readPage('docs/reference/metrics.md');
const plain = (cell: string | undefined): string => cell!.replaceAll('`', '').trim();
const listed = (cell: string | undefined): string[] => [...cell!.matchAll(/`(\w+)`/g)].map(([, name]) => name!);
const documented = tableRows(page, 'Metric');
const alerts = [
  ...readFileSync(join(ROOT, 'monitoring/alerts.yml'), 'utf8').matchAll(
    /- alert: (\w+)\n +expr: ([\s\S]*?)\n(?= +(for|labels):)/g,
  ),
];

describe('docs/reference/metrics.md', () => {
  const db = useTestDatabase();
  closeAfterEach();

  it('has every metric, with its type and labels, and no other', async () => {
    const registry = new Registry();
    await bootNode(db, { imports: [MqPrometheusModule.forRoot({ registry })] });
    const metrics = registry.getMetricsAsArray() as unknown as { name: string; type: string; labelNames: string[] }[];
    const known = metrics.map(({ name, labelNames }) => {
      const type = registry.getSingleMetric(name)!.constructor.name.toLowerCase();
      return `${name} ${type} ${labelNames.filter((label) => label !== 'connection').join(' ')}`;
    });
    const rows = documented.map((row) => `${plain(row['Metric'])} ${row['Type']} ${listed(row['Labels']).join(' ')}`);
    expect(rows.sort()).toEqual(known.sort());
    const withoutConnection = metrics.filter(({ labelNames }) => !labelNames.includes('connection'));
    expect(withoutConnection.map(({ name }) => name)).toEqual(['mq_event_loop_lag_seconds']);
  });

  it('says of each metric which alerts ask for it', () => {
    const asks = (metric: string): string[] =>
      alerts
        .filter(([, , expression]) => new RegExp(`\\b${metric}(_bucket|_count|_sum)?\\b`).test(expression!))
        .map(([, name]) => name!);
    for (const row of documented) {
      const metric = plain(row['Metric']);
      expect([metric, ...listed(row['Alert'])]).toEqual([metric, ...asks(metric)]);
    }
  });

  it('has every alert', () => {
    expect(tableRows(page, 'Alert').flatMap((row) => listed(row['Alert']))).toEqual(alerts.map(([, name]) => name));
  });

  it('has every option', () => {
    const options: Record<keyof MqPrometheusOptions, true> = { registry: true, prefix: true, every: true };
    expect(tableRows(page, 'Option').map((row) => plain(row['Option']))).toEqual(Object.keys(options));
  });
});
