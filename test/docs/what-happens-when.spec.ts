import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DOCTOR_CODES, EXPLAIN_STATES, MQ_LOG_EVENTS } from 'nestjs-reliable-mq';
import { readPage, ROOT, tableRows } from '../support/pages.js';
import { commandProblem } from './support/documented-commands.js';

/** A failure of the page, with the parts of its item "Where". */
interface Failure {
  readonly heading: string;
  readonly seen: string;
  readonly where: readonly string[];
}

const failures: Failure[] = readFileSync(join(ROOT, 'docs/what-happens-when.md'), 'utf8')
  .split(/^### /m)
  .slice(1)
  .map((section) => {
    const [heading, ...lines] = section.split(/^#/m)[0]!.split('\n');
    const items = lines
      .join('\n')
      .split(/^- /m)
      .map((item) => item.replaceAll(/\n\s*/g, ' ').trim());
    const of = (title: string): string[] => items.filter((item) => item.startsWith(`**${title}** `));
    const where = of('Where').map((item) => item.slice('**Where** '.length));
    return { heading: heading!, seen: of('You see').join(' '), where: where.flatMap((item) => item.split('; ')) };
  });

const metrics = tableRows(readPage('docs/reference/metrics.md'), 'Metric');
const alerts = [...readFileSync(join(ROOT, 'monitoring/alerts.yml'), 'utf8').matchAll(/- alert: (\w+)/g)].map(
  ([, name]) => name!,
);

const named = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, name]) => name!);

/** What is wrong with one name in a part of a "Where", by the word that the part begins with. */
const PROBLEMS: Readonly<Record<string, (name: string) => string | null>> = {
  log: (name) => (name in MQ_LOG_EVENTS ? null : `no log line ${name}`),
  metric: metricProblem,
  alert: (name) => (alerts.includes(name) ? null : `no alert ${name}`),
};

/** What these commands say of a failure. */
const ANSWERS: Readonly<Record<string, readonly string[]>> = {
  'mq explain <id>': Object.keys(EXPLAIN_STATES),
  'mq doctor': DOCTOR_CODES,
};

describe('docs/what-happens-when.md', () => {
  it('says of each failure where it can be seen', () => {
    expect(failures.length).toBeGreaterThan(60);
    expect(failures.filter(({ where }) => where.length === 0).map(({ heading }) => heading)).toEqual([]);
  });

  it('names log lines, metrics, alerts, commands and answers that there are', () => {
    const problems = failures.flatMap(({ heading, where }) =>
      where.flatMap((part) => problemsOf(part).map((problem) => `${heading}: ${problem}`)),
    );
    expect(problems).toEqual([]);
  });

  it('names the log line of each alert that one sees', () => {
    const missing = failures.flatMap(({ heading, seen, where }) => {
      const lines = where.filter((part) => part.startsWith('log ')).flatMap(named);
      const kinds = [...seen.matchAll(/`([\w.-]+)` alert/g)].map(([, kind]) =>
        kind === 'outage' ? 'outage.began' : kind!,
      );
      return kinds.filter((kind) => !lines.includes(kind)).map((kind) => `${heading}: ${kind}`);
    });
    expect(missing).toEqual([]);
  });
});

function problemsOf(part: string): string[] {
  if (part.startsWith('nothing')) return named(part).map((name) => `nothing, and yet ${name}`);
  const [first, ...rest] = named(part);
  const problemOf = PROBLEMS[part.split(' ')[0]!];
  if (problemOf) return [first ?? '', ...rest].flatMap((name) => problemOf(name) ?? []);
  if (!part.startsWith('`mq ')) return [`neither log line, metric, alert nor command: ${part}`];
  const unknown = rest
    .filter((answer) => !ANSWERS[first!]?.includes(answer))
    .map((answer) => `${first} never says ${answer}`);
  return [commandProblem(first!) ?? [], unknown].flat();
}

/** Of a metric, perhaps with labels: `mq_outbox_sent_total{result="dead"}`. */
function metricProblem(text: string): string | null {
  const [, name, label, value] = /^(\w+)(?:\{(\w+)="([\w-]+)"\})?$/.exec(text) ?? [];
  const row = metrics.find((candidate) => candidate['Metric'] === `\`${name}\``);
  if (!row) return `no metric ${text}`;
  const isKnown =
    label === undefined || (row['Labels']!.includes(`\`${label}\``) && row['Meaning']!.includes(`\`${value}\``));
  return isKnown ? null : `no such label: ${text}`;
}
