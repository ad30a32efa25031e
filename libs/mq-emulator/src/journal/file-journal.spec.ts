import { FileJournal } from './file-journal.js';
import type { JournalRecord } from './journal-record.js';

const record = (id: string): JournalRecord => ({ type: 'enter', instance: 'I', topic: 't', id });

/** A file in memory that can be full. */
class FakeFile {
  content = '';
  writes = 0;
  full = false;

  get size(): number {
    return this.content.length;
  }

  append(lines: string): void {
    if (this.full) throw new Error('ENOSPC: no space left on device');
    this.writes++;
    this.content += lines;
  }

  rewrite(records: Iterable<JournalRecord>): void {
    this.content = [...records].map((line) => `${JSON.stringify(line)}\n`).join('');
  }

  close(): void {
    this.full = true;
  }

  ids(): string[] {
    return this.content
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => (JSON.parse(line) as { id: string }).id);
  }
}

describe('FileJournal', () => {
  const log: string[] = [];
  let file: FakeFile;
  let applied: string[];
  let journal: FileJournal;
  const commit = (id: string) => journal.commit(record(id), () => applied.push(`${id} after ${file.ids().join(' ')}`));

  beforeEach(() => {
    log.length = 0;
    file = new FakeFile();
    applied = [];
    journal = new FileJournal(
      file,
      () => [record('snapshot')],
      (line) => log.push(line),
    );
  });

  it('applies only what is written, in order, and writes together what comes together', async () => {
    const all = [commit('a'), commit('b'), commit('c')];
    expect(applied).toEqual([]);
    await Promise.all(all);
    expect(applied).toEqual(['a after a b c', 'b after a b c', 'c after a b c']);
    expect(file.writes).toBe(1);
  });

  it('rejects and does not apply what could not be written', async () => {
    file.full = true;
    await expect(commit('a')).rejects.toThrow('ENOSPC');
    file.full = false;
    await commit('b');
    expect(applied).toEqual(['b after b']);
    expect(log).toEqual([expect.stringContaining('ENOSPC')]);
  });

  it('writes notes of a failed group before anything that builds on them', async () => {
    file.full = true;
    journal.note(record('note'));
    const lost = commit('lost');
    await expect(journal.written()).rejects.toThrow('ENOSPC');
    await expect(lost).rejects.toThrow('ENOSPC');
    file.full = false;
    await commit('next');
    expect(file.ids()).toEqual(['note', 'next']);
  });

  it('does not count twice what was noted while it compacted', async () => {
    journal = new FileJournal(file, () => [record('snapshot, with the note')], fail, 1);
    await journal.commit(record('a'), () => journal.note(record('note')));
    await journal.written();
    expect(file.ids()).toEqual(['snapshot, with the note']);
  });

  it('compacts when it has grown, and not again at once', async () => {
    let snapshots = 0;
    const snapshot = () => [record(`snapshot ${++snapshots}`)];
    journal = new FileJournal(file, snapshot, fail, 200);
    for (let i = 0; i < 20; i++) await commit(`m${i}`);
    expect(snapshots).toBeGreaterThan(1);
    expect(snapshots).toBeLessThan(8);
    expect(file.ids()[0]).toBe(`snapshot ${snapshots}`);
  });

  it('writes what is left when it is closed', async () => {
    const last = commit('last');
    journal.note(record('note'));
    journal.close();
    await last;
    expect(file.ids()).toEqual(['last', 'note']);
  });
});

function fail(line: string): never {
  throw new Error(line);
}
