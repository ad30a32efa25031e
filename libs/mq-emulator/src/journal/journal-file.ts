import { closeSync, existsSync, ftruncateSync, openSync, readSync, renameSync, writeSync, rmSync } from 'node:fs';
import { EmulatorError } from '../emulator-error.js';
import type { JournalRecord } from './journal-record.js';

const HEADER: JournalRecord = { type: 'journal', version: 1 };
const READ_BYTES = 1024 * 1024;
const WRITE_CHARACTERS = 4 * 1024 * 1024;
const LINE_FEED = 0x0a;
const CLOSED = -1;

/**
 * A file of records, one line of JSON each.
 *
 * A record counts when its line is complete. What a kill leaves behind is at most one incomplete line at the end: it was
 * never confirmed to anyone and is cut off. Anything else that cannot be read is damage, and an error.
 */
export class JournalFile {
  private constructor(
    private readonly path: string,
    private fd: number,
    private length: number,
  ) {}

  static create(path: string): JournalFile {
    const file = new JournalFile(path, openSync(path, 'w+'), 0);
    file.append(toLine(HEADER));
    return file;
  }

  /** Opens the file, or makes it, and hands every record to `each`. */
  static open(path: string, each: (record: JournalRecord) => void, log: (line: string) => void): JournalFile {
    if (!existsSync(path)) return JournalFile.create(path);
    const file = new JournalFile(path, openSync(path, 'r+'), 0);
    try {
      const cut = file.read(each);
      if (cut > 0) {
        log(`${path}: cut off ${cut} bytes of a line that was being written when the process ended`);
        ftruncateSync(file.fd, file.length);
      }
      if (file.length === 0) file.append(toLine(HEADER));
    } catch (error) {
      closeSync(file.fd);
      throw error;
    }
    return file;
  }

  /** Bytes of complete lines. */
  get size(): number {
    return this.length;
  }

  /**
   * Appends lines; on return the operating system has them, so that they survive the end of this process.
   *
   * @throws when that fails; the file is then as it was before
   */
  append(lines: string): void {
    const bytes = Buffer.from(lines, 'utf8');
    try {
      for (let done = 0; done < bytes.length;) {
        done += writeSync(this.fd, bytes, done, bytes.length - done, this.length + done);
      }
    } catch (error) {
      ftruncateSync(this.fd, this.length);
      throw error;
    }
    this.length += bytes.length;
  }

  /** Puts a file with these records in the place of this one, in one step. */
  rewrite(records: Iterable<JournalRecord>): void {
    const next = `${this.path}.new`;
    const file = JournalFile.create(next);
    try {
      let lines = '';
      for (const record of records) {
        lines += toLine(record);
        if (lines.length < WRITE_CHARACTERS) continue;
        file.append(lines);
        lines = '';
      }
      file.append(lines);
      renameSync(next, this.path);
    } catch (error) {
      file.close();
      rmSync(next, { force: true });
      throw error;
    }
    closeSync(this.fd);
    this.fd = file.fd;
    this.length = file.length;
  }

  /** From now on `append` fails: the descriptor may soon be another file's. */
  close(): void {
    closeSync(this.fd);
    this.fd = CLOSED;
  }

  /** Returns how many bytes follow the last complete line. */
  private read(each: (record: JournalRecord) => void): number {
    const buffer = Buffer.alloc(READ_BYTES);
    let rest: Buffer = Buffer.alloc(0);
    for (let position = 0; ;) {
      const count = readSync(this.fd, buffer, 0, READ_BYTES, position);
      if (count === 0) return rest.length;
      position += count;
      let chunk: Buffer = Buffer.concat([rest, buffer.subarray(0, count)]);
      for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED)) {
        this.readLine(chunk.toString('utf8', 0, end), each);
        this.length += end + 1;
        chunk = chunk.subarray(end + 1);
      }
      rest = chunk;
    }
  }

  private readLine(line: string, each: (record: JournalRecord) => void): void {
    let record: JournalRecord;
    try {
      record = JSON.parse(line) as JournalRecord;
    } catch (error) {
      throw this.damaged('this is not a record', error);
    }
    if (this.length === 0) {
      if (record.type !== 'journal' || record.version !== 1) throw this.damaged('this is no journal of this emulator');
      return;
    }
    try {
      each(record);
    } catch (error) {
      throw this.damaged((error as Error).message, error);
    }
  }

  private damaged(why: string, cause?: unknown): EmulatorError {
    const message = `${this.path} is damaged at byte ${this.length}: ${why}. Move the file away to start afresh.`;
    return new EmulatorError('DATA_DAMAGED', message, { cause });
  }
}

export function toLine(record: JournalRecord): string {
  return `${JSON.stringify(record)}\n`;
}
