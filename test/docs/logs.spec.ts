import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MQ_LOG_EVENTS } from 'nestjs-reliable-mq';
import { readPage, ROOT, tableRows } from '../support/pages.js';

const SOURCES = join(ROOT, 'libs/mq/src');

describe('docs/reference/logs.md', () => {
  const page = readPage('docs/reference/logs.md');
  const rows = tableRows(page, 'Line').map((row) => ({
    event: row['Line']!.replaceAll('`', ''),
    level: row['Level']!.replaceAll('`', ''),
    when: row['When']!,
    what: row['What to do']!,
  }));

  it('has every line that there is, with its level, and no other', () => {
    const documented = Object.fromEntries(rows.map(({ event, level }) => [event, level]));
    expect(documented).toEqual(MQ_LOG_EVENTS);
    expect(rows).toHaveLength(Object.keys(MQ_LOG_EVENTS).length);
  });

  it('says of each when it is written, and what to do', () => {
    expect(rows.filter(({ when, what }) => when === '' || what === '')).toEqual([]);
  });

  it('and each of them is written somewhere', () => {
    const code = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts') && !file.endsWith('log-events.ts'))
      .map((file) => readFileSync(join(SOURCES, file), 'utf8'))
      .join('\n');
    const isWritten = (event: string): boolean =>
      new RegExp(`write\\(\\s*'${event}'|^  '${event}': \\{`, 'm').test(code);
    expect(Object.keys(MQ_LOG_EVENTS).filter((event) => !isWritten(event))).toEqual([]);
  });

  it('has the fields of a line', () => {
    const source = readFileSync(join(SOURCES, 'observability/log-line.ts'), 'utf8');
    const body = /export interface MqLogFields \{([^}]*)\}/.exec(source)![1]!;
    const fields = [...body.matchAll(/readonly (\w+)\??:/g)].map(([, name]) => name!);
    const documented = tableRows(page, 'Log field').flatMap((row) =>
      [...row['Log field']!.matchAll(/`(\w+)`/g)].map(([, name]) => name!),
    );
    expect(documented.sort()).toEqual(fields.sort());
  });
});
