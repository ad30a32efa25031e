import type { Journal } from './journal.js';
import { type JournalFile, toLine } from './journal-file.js';
import type { JournalRecord } from './journal-record.js';

// Below this a journal is not worth rewriting.
const MIN_COMPACTION_BYTES = 64 * 1024 * 1024;
// How much longer than right after the last compaction it may become.
const GROWTH = 4;

/** Records that are written together, and who waits for that. */
interface Group {
  lines: string[];
  /** Those of the lines that tell what has already happened. */
  notes: string[];
  applies: (() => void)[];
  promise: Promise<void>;
  resolve: () => void;
  reject: (error: Error) => void;
}

/**
 * A journal with group commit: what arrives during one turn of the event loop is one write.
 *
 * The write is synchronous: it takes some 20 microseconds into the page cache, less than a thread of the pool costs to
 * wake, and then no state exists in which a record is half on its way.
 */
export class FileJournal implements Journal {
  private group: Group | undefined;
  /** Notes of groups that failed. They must come before what builds on them, or a restart would lose messages. */
  private unwritten: string[] = [];
  private compactAt: number;

  /** @param snapshot records that say the same as all that was applied so far, in fewer lines */
  constructor(
    private readonly file: Pick<JournalFile, 'size' | 'append' | 'rewrite' | 'close'>,
    private readonly snapshot: () => Iterable<JournalRecord>,
    private readonly log: (line: string) => void,
    private readonly minCompactionBytes = MIN_COMPACTION_BYTES,
  ) {
    this.compactAt = minCompactionBytes;
  }

  commit(record: JournalRecord, apply: () => void): Promise<void> {
    const group = this.join();
    group.lines.push(toLine(record));
    group.applies.push(apply);
    return group.promise;
  }

  note(record: JournalRecord): void {
    const group = this.join();
    const line = toLine(record);
    group.lines.push(line);
    group.notes.push(line);
  }

  written(): Promise<void> {
    return this.group?.promise ?? Promise.resolve();
  }

  /** Writes what is left and closes the file. */
  close(): void {
    if (this.unwritten.length > 0) this.join();
    while (this.group) this.flush();
    this.file.close();
  }

  private join(): Group {
    if (!this.group) {
      this.group = newGroup();
      setImmediate(() => this.flush());
    }
    return this.group;
  }

  private flush(): void {
    const { group } = this;
    if (!group) return;
    this.group = undefined;
    try {
      this.file.append(this.unwritten.join('') + group.lines.join(''));
      this.unwritten = [];
    } catch (error) {
      this.unwritten.push(...group.notes);
      this.log(`the journal could not be written: ${(error as Error).message}`);
      group.reject(error as Error);
      return;
    }
    // These may note new records: they form the next group.
    for (const apply of group.applies) apply();
    group.resolve();
    if (this.file.size >= this.compactAt) this.compact();
  }

  private compact(): void {
    try {
      this.file.rewrite(this.snapshot());
      // What was noted while the last group was applied is part of the snapshot, and must not count twice.
      if (this.group) this.group.lines = [];
    } catch (error) {
      this.log(`the journal could not be compacted: ${(error as Error).message}`);
    }
    this.compactAt = Math.max(this.minCompactionBytes, this.file.size * GROWTH);
  }
}

function newGroup(): Group {
  let resolve!: () => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<void>((fulfil, refuse) => {
    resolve = fulfil;
    reject = refuse;
  });
  // Notes have nobody who waits.
  promise.catch(() => {});
  return { lines: [], notes: [], applies: [], promise, resolve, reject };
}
