import { styleText } from 'node:util';
import { type Column, renderTable, type TableRow } from './table.js';
import type { OutputStream } from './talk.js';

type Style = 'bold' | 'dim' | 'red' | 'yellow' | 'green';

/** Data of a command, on stdout. */
export class Out {
  private readonly colors: boolean;

  constructor(
    private readonly stream: OutputStream,
    env: NodeJS.ProcessEnv,
  ) {
    this.colors = stream.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
  }

  text(line = ''): void {
    this.stream.write(`${line}\n`);
  }

  /** Empties a terminal for what is written over it again and again. Elsewhere one thing follows the other. */
  redraw(): void {
    if (this.stream.isTTY) this.stream.write('\u001b[H\u001b[2J');
  }

  /** The one document of a command that was asked for `--json`. */
  json(document: unknown): void {
    this.stream.write(`${JSON.stringify(document, null, 2)}\n`);
  }

  /** One object of a stream of them, on a line of its own. */
  line(object: unknown): void {
    this.stream.write(`${JSON.stringify(object)}\n`);
  }

  /** Fits the width of a terminal, and cuts nothing elsewhere. @param columns all that the rows have, unless given */
  table(rows: readonly TableRow[], columns?: readonly Column[]): void {
    this.stream.write(renderTable(rows, columns, this.stream.isTTY ? (this.stream.columns ?? 80) : null));
  }

  /** Without colours where `NO_COLOR` is set, and where nobody would see them. */
  style(style: Style, text: string): string {
    return this.colors ? styleText(style, text) : text;
  }
}
