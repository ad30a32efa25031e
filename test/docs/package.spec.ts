import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { entriesOfTheLibrary } from './support/entries.js';
import { readPage, ROOT, tableRows } from '../support/pages.js';
import { triedPeers } from './support/tried-peers.js';

/** What users of the module and writers of a transport both name; and the entities, which belong to the tables as well. */
const IN_TWO_ENTRIES = ['MqErrorLog', 'MqInbox', 'MqStatusLog', 'MqTransport'];

describe('docs/reference/package.md', () => {
  const page = readPage('docs/reference/package.md');
  const entries = entriesOfTheLibrary();
  const manifest = JSON.parse(readFileSync(join(ROOT, 'libs/mq/package.json'), 'utf8')) as {
    peerDependencies: Record<string, string>;
    typesVersions: { '*': Record<string, string[]> };
  };

  it('has the entries of the package', () => {
    const headings = page.headings.map((heading) => heading.replaceAll('`', ''));
    expect(headings.filter((heading) => heading.startsWith('nestjs-reliable-mq'))).toEqual(
      entries.map(({ name }) => name),
    );
  });

  it.each(entries)('lists what $name exports, values before types, and nothing slips in', ({ name, values, types }) => {
    expect(listsUnder(name)).toEqual([sorted(values), sorted(types)]);
  });

  it('says that each name has one entry, but for those that need two', () => {
    const names = entries.flatMap((entry) => [...entry.values, ...entry.types]);
    expect(sorted(new Set(names.filter((name, i) => names.indexOf(name) !== i)))).toEqual(IN_TWO_ENTRIES);
  });

  it('has an entry in `typesVersions` for each in `exports`, for those who resolve without the latter', () => {
    const paths = entries.map(({ name }) => name.split('/')[1]).filter((path) => path !== undefined);
    expect(Object.keys(manifest.typesVersions['*']).sort()).toEqual(paths.sort());
  });

  it('has the peers, with the versions that are tried', () => {
    const rows = tableRows(page, 'Package').map((row) => ({
      name: row.Package!.replaceAll('`', ''),
      oldest: row['Oldest tried'],
      newest: row['Newest tried']!.split(',')[0],
    }));
    const tried = Object.entries(triedPeers()).map(([name, { oldest, newest }]) => ({ name, oldest, newest }));
    expect(rows).toEqual(tried);
    expect(rows.map(({ name }) => name).sort()).toEqual(Object.keys(manifest.peerDependencies).sort());
  });

  it.each(Object.entries(triedPeers()))('and package.json promises what is tried of %s', (name, { oldest, newest }) => {
    const range = manifest.peerDependencies[name]!;
    if (range === '*')
      return expect(['@aliyunmq/mq-http-sdk', '@grpc/grpc-js', '@grpc/proto-loader', 'commander']).toContain(name);
    const alternatives = range.split(' || ');
    expect(alternatives[0]).toBe(`^${oldest}`);
    expect(`${alternatives.at(-1)}.`.startsWith(`^${newest}.`)).toBe(true);
  });

  /** The two paragraphs of names under an entry's heading. */
  function listsUnder(entry: string): string[][] {
    const start = page.prose.indexOf(`### \`${entry}\``);
    const end = page.prose.findIndex((line, i) => i > start && line.startsWith('#'));
    const paragraphs = page.prose.slice(start, end).join('\n').split('\n\n');
    return paragraphs
      .filter((paragraph) => /^(Values|Types): /.test(paragraph))
      .map((paragraph) => sorted([...paragraph.matchAll(/`(\w+)`/g)].map(([, name]) => name!)));
  }
});

function sorted(names: Iterable<string>): string[] {
  return [...names].sort();
}
