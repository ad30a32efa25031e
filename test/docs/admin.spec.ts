import 'reflect-metadata';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Type } from '@nestjs/common';
import { PermanentError, type ReplayOutcome } from 'nestjs-reliable-mq';
import { consumer } from '../support/node/consumer.js';
import { bootNode, publishOne } from '../support/node/node.js';
import { useTestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { closeAfterEach } from '../support/mq-app.js';
import { type Page, readPage, tableRows } from '../support/pages.js';
import { compileSnippets } from './support/snippet-program.js';
import { writeBlocks } from './support/write-blocks.js';

const page = readPage('docs/reference/admin.md');

/** Type of the library, and the first column of the table that lists what it has. */
const TABLES: readonly (readonly [known: string, column: string])[] = [
  ['keyof MqAdminService', 'Method of `admin`'],
  ['keyof AdminFilter', 'Filter field'],
  ['keyof AdminRecord', 'Record field'],
  ['keyof ErrorGroupFilter', 'Error group filter'],
  ['keyof MqErrorGroup', 'Error group'],
  [`AdminRecord['status']`, 'Status to find'],
  [`ReplayOutcome['outcome']`, 'Outcome of `replay()`'],
  [`DiscardOutcome['outcome']`, 'Outcome of `discard()`'],
  [`CancelOutcome['outcome']`, 'Outcome of `cancel()`'],
  [`RescheduleOutcome['outcome']`, 'Outcome of `reschedule()`'],
  ['keyof BulkOptions', 'Bulk option'],
  ['keyof BulkResult', 'Bulk result'],
  ['keyof MqCounts', 'Count'],
  ['keyof TopicCounts', 'Topic count'],
  ['keyof GroupCounts', 'Group count'],
  ['keyof BlockedKey', 'Blocked key'],
  ['keyof MqNode', 'Node field'],
  ['keyof NodeState', 'State field'],
  ['keyof NodeCircuit', 'Circuit field'],
  ['keyof NodeGroup', 'Group field'],
  ['keyof MqPause', 'Pause field'],
  ['keyof ActionFilter', 'Action filter field'],
  ['keyof MqAction', 'Action field'],
  ['keyof MqConsumerService', 'Method of `consumers`'],
  ['keyof ReproduceService', 'Method of `reproduce`'],
  ['keyof TickResult', 'Result of `runOnce()`'],
  ['keyof MqEvents', 'Method of `events`'],
];

const TYPES = ['MqEventMap', ...new Set(TABLES.map(([known]) => /[A-Z]\w+/.exec(known)![0]))];

describe('docs/reference/admin.md', () => {
  // The compiler knows what there is: each table becomes a type, which must fit the library's in both directions.
  it('lists everything that the services have, and nothing else', () => {
    const code = [
      `import type { ${TYPES.join(', ')} } from 'nestjs-reliable-mq';`,
      'type Differ<A, B> = Exclude<A, B> | Exclude<B, A>;',
      'const same = <Documented, Known>(..._: [Differ<Documented, Known>] extends [never] ? [] : [differ: Differ<Documented, Known>]): void => undefined;',
      ...TABLES.map(([known, column]) => `same<${union(column)}, ${known}>();`),
    ];
    const events = tableRows(page, 'Event');
    expect(events.length).toBeGreaterThan(0);
    code.push(`same<${events.map((row) => quoted(namesIn(row['Event']!))).join(' | ')}, keyof MqEventMap>();`);
    for (const row of events) {
      const name = quoted(namesIn(row['Event']!));
      code.push(`same<${quoted(namesIn(row['Fields']!))}, keyof MqEventMap[${name}]>();`);
    }
    expect(problemsOf(code.join('\n'))).toEqual([]);
  });

  describe('its example', () => {
    const db = useTestDatabase();
    closeAfterEach();

    it('hears what is parked, and replays it', async () => {
      let repaired = false;
      const handled: unknown[] = [];
      const work = consumer('orders', 'stock', ({ payload }) => {
        if (!repaired) throw new PermanentError('no such sku');
        handled.push(payload);
      });
      const { Operations, remove } = await loadExample();
      const node = await bootNode(db, { handlers: [work, Operations] });
      const operations = node.app.get(Operations);
      const id = await publishOne(node, 'tea');
      await eventually(() => operations.failures.length === 1, { what: 'the message to be parked' });
      expect(operations.failures).toEqual([`stock gave up on ${id}: no such sku`]);
      repaired = true;
      expect(await operations.replayAllOf('stock', 'the sku is there now')).toEqual([]);
      await eventually(() => handled.length === 1, { what: 'the replay' });
      expect(handled).toEqual(['tea']);
      remove();
    });
  });
});

interface Operations {
  readonly failures: readonly string[];
  replayAllOf(group: string, reason: string): Promise<ReplayOutcome[]>;
}

async function loadExample(): Promise<{ Operations: Type<Operations>; remove(): void }> {
  const folder = writeBlocks(page);
  const { Operations } = (await import(join(folder, 'operations'))) as { Operations: Type<Operations> };
  return { Operations, remove: () => rmSync(folder, { recursive: true }) };
}

/** Names in the first column of a table, as a union of literals. Of a method only what stands before its parameters. */
function union(column: string): string {
  const rows = tableRows(page, column);
  if (rows.length === 0) throw new Error(`no table begins with the column ${column}`);
  return rows.map((row) => quoted(namesIn(row[column]!))).join(' | ');
}

const namesIn = (cell: string): string[] => Array.from(cell.matchAll(/`([\w.-]+)[^`]*`/g), ([, name]) => name!);
const quoted = (names: readonly string[]): string => names.map((name) => `'${name}'`).join(' | ');

/** What the compiler says of this code, each with the line that it is about. */
function problemsOf(code: string): string[] {
  const made: Page = { ...page, path: 'docs/made.md', fences: [{ language: 'ts', code, line: 1 }] };
  const lines = code.split('\n');
  return compileSnippets([made]).map((problem) => {
    const line = Number(/:(\d+): /.exec(problem)?.[1]);
    return `${problem} in ${lines[line - 1]}`;
  });
}
