import type { Clock } from '../../core/runtime/clock.js';
import { oneLine } from '../../core/runtime/one-line.js';
import { Progress } from './progress.js';

export interface OutputStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** What a command says besides its data: on stderr, so that data can be piped on. */
export class Talk {
  constructor(
    private readonly stream: OutputStream,
    private readonly clock: Clock,
  ) {}

  line(text: string): void {
    this.stream.write(`${oneLine(text)}\n`);
  }

  /** Several lines that are ours from end to end. */
  block(text: string): void {
    this.stream.write(text.endsWith('\n') ? text : `${text}\n`);
  }

  /** @param total how much there is to do, `null` if nobody knows */
  progress(what: string, total: number | null): Progress {
    return new Progress(this.stream, this.clock, what, total);
  }
}
