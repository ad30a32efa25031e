import type { Clock } from '../../core/runtime/clock.js';
import { durationText } from './duration-text.js';

const ON_A_TERMINAL_MS = 200;
const ELSEWHERE_MS = 5_000;

interface ProgressStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

/**
 * How far a long piece of work is, with its rate and what time is left: one line that is written over on a terminal, a line
 * each five seconds elsewhere. Written when work is reported, so it needs no timer.
 */
export class Progress {
  private readonly startedAt: number;
  private shownAt: number;

  constructor(
    private readonly stream: ProgressStream,
    private readonly clock: Clock,
    private readonly what: string,
    private readonly total: number | null,
  ) {
    this.startedAt = clock.monotonic();
    this.shownAt = this.startedAt;
  }

  /** @param done of all, from the beginning */
  report(done: number): void {
    const now = this.clock.monotonic();
    if (now - this.shownAt < (this.stream.isTTY ? ON_A_TERMINAL_MS : ELSEWHERE_MS)) return;
    this.shownAt = now;
    this.show(done, now);
  }

  /** The last line, which stays. Nothing where the work was done before anybody could have read about it. */
  end(done: number): void {
    if (this.shownAt === this.startedAt) return;
    this.show(done, this.clock.monotonic());
    if (this.stream.isTTY) this.stream.write('\n');
  }

  private show(done: number, now: number): void {
    const seconds = Math.max(0.001, (now - this.startedAt) / 1_000);
    const rate = done / seconds;
    const parts = [
      this.total === null ? `${this.what} ${done}` : `${this.what} ${done} of ${this.total}`,
      `${rate < 10 ? rate.toFixed(1) : Math.round(rate)}/s`,
    ];
    if (this.total !== null && done > 0 && done < this.total)
      parts.push(`${durationText(((this.total - done) / rate) * 1_000)} left`);
    const text = parts.join(', ');
    // Back to the beginning of the line, which is then emptied: what stood there may have been longer.
    this.stream.write(this.stream.isTTY ? `\r\u001b[2K${text}` : `${text}\n`);
  }
}
