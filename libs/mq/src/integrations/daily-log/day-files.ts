import { closeSync, mkdirSync, openSync, readdirSync, unlinkSync, writeSync } from 'node:fs';
import { dirname, join, parse } from 'node:path';
import { describeError } from '../../core/errors/describe-error.js';
import { countOf } from '../../core/runtime/count-of.js';

const DAY_MS = 24 * 3_600_000;

/**
 * Files of one log, one for each day. Nothing is renamed: the name holds the date, each process appends to it, and the system keeps what
 * is appended in one piece apart. (rotating-file-stream renames the file under the other processes: of two that wrote at once, one ended with
 * an error and half of the lines were lost. Without renaming, it forgets to delete what a process wrote that did not live until midnight.)
 *
 * States: *closed* (before the first line, and after a failure) → *open* for one day → *open* for the next. A failure closes the file, so that the
 * next line tries from the beginning: the folder may be back.
 */
export class DayFiles {
  private readonly folder: string;
  private readonly name: string;
  private readonly extension: string;
  private day = '';
  private file: number | null = null;
  /** Lines since it cannot be written; 0 while it can. */
  private lost = 0;
  /** A line was written in part, so the next one begins with the end of it. */
  private torn = false;

  /** @param say tells people, beside the log */
  constructor(
    path: string,
    private readonly days: number,
    private readonly say: (text: string) => void,
  ) {
    const { name, ext } = parse(path);
    this.folder = dirname(path);
    this.name = name;
    this.extension = ext;
  }

  append(now: Date, line: string): void {
    try {
      this.open(now);
      this.write(Buffer.from(this.torn ? `\n${line}` : line));
      this.torn = false;
      if (this.lost > 0)
        this.say(`dailyLog can write to ${this.pathOf(this.day)} again; ${countOf(this.lost, 'line')} lost`);
      this.lost = 0;
    } catch (error) {
      this.close();
      if (this.lost++ > 0) return;
      const { message } = describeError(error);
      this.say(
        `dailyLog cannot write to ${this.pathOf(dayOf(now))}: ${message}. Its lines are lost until it can; this is said once`,
      );
    }
  }

  private open(now: Date): void {
    const day = dayOf(now);
    if (this.file !== null && this.day === day) return;
    this.close();
    mkdirSync(this.folder, { recursive: true });
    this.file = openSync(this.pathOf(day), 'a');
    this.day = day;
    this.deleteOld(now);
  }

  private write(bytes: Buffer): void {
    for (let done = 0; done < bytes.length;) {
      done += writeSync(this.file!, bytes, done);
      this.torn = done < bytes.length;
    }
  }

  private close(): void {
    const { file } = this;
    this.file = null;
    if (file === null) return;
    try {
      closeSync(file);
    } catch {
      // Nothing more can be done with it.
    }
  }

  /** Another process may do the same at this moment. */
  private deleteOld(now: Date): void {
    const oldest = dayOf(new Date(now.getTime() - (this.days - 1) * DAY_MS));
    for (const entry of readdirSync(this.folder)) {
      const day = this.dayIn(entry);
      if (day === null || day >= oldest) continue;
      try {
        unlinkSync(join(this.folder, entry));
      } catch {
        // Somebody else has deleted it, or nobody may: that costs room, and no line.
      }
    }
  }

  private dayIn(entry: string): string | null {
    const isOurs = entry.startsWith(`${this.name}-`) && entry.endsWith(this.extension);
    const day = entry.slice(this.name.length + 1, entry.length - this.extension.length);
    return isOurs && /^\d{4}-\d{2}-\d{2}$/.test(day) ? day : null;
  }

  private pathOf(day: string): string {
    return join(this.folder, `${this.name}-${day}${this.extension}`);
  }
}

/** The local date, `2026-11-27`. */
function dayOf(time: Date): string {
  const two = (part: number): string => String(part).padStart(2, '0');
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
}
