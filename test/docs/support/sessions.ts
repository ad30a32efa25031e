import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../support/pages.js';

/** A command that a page shows, with what it prints. */
export interface Shown {
  readonly heading: string;
  /** As one types it, without the prompt. */
  readonly command: string;
  output: string;
  /** Lines of the page that the output takes: from, and behind the last one. */
  readonly lines: readonly [number, number];
}

/** The commands behind a `$` in the blocks of a page, with what they print. */
export class Sessions {
  readonly all: readonly Shown[];
  private readonly path: string;
  private readonly text: readonly string[];

  constructor(page: string) {
    this.path = join(ROOT, page);
    this.text = readFileSync(this.path, 'utf8').split('\n');
    this.all = this.read();
  }

  under(heading: string): Shown[] {
    const found = this.all.filter((shown) => shown.heading === heading);
    if (found.length === 0) throw new Error(`no command under the heading ${heading}`);
    return found;
  }

  /** Writes the outputs as they are now into the page. For whoever has changed what a command prints. */
  write(): void {
    const text = [...this.text];
    for (const { lines, output } of this.all.toReversed())
      text.splice(lines[0], lines[1] - lines[0], ...output.split('\n'));
    writeFileSync(this.path, text.join('\n'));
  }

  private read(): Shown[] {
    const found: Shown[] = [];
    let heading = '';
    let isBlock = false;
    let open: { command: string; from: number } | null = null;
    const close = (to: number): void => {
      if (!open) return;
      const lines = [open.from, to] as const;
      found.push({ heading, command: open.command, output: this.text.slice(...lines).join('\n'), lines });
      open = null;
    };
    for (const [i, line] of this.text.entries()) {
      if (line.startsWith('```')) {
        close(i);
        isBlock = !isBlock;
      } else if (isBlock && line.startsWith('$ ')) {
        close(this.text[i - 1] === '' ? i - 1 : i);
        open = { command: line.slice(2), from: i + 1 };
      } else if (!isBlock && line.startsWith('## ')) heading = line.slice(3);
    }
    return found;
  }
}

/** Words of a command, as a shell reads them. */
export function wordsOf(command: string): string[] {
  return [...command.matchAll(/([^\s']*)'([^']*)'|(\S+)/g)].map(
    ([, before, quoted, plain]) => plain ?? `${before}${quoted}`,
  );
}

/**
 * What stays of an output from run to run: its words, and where values stand. Its lines are sorted, because groups that work side by side
 * take turns, and so do the two streams of a program; how often progress is told depends on the machine.
 */
export function shapeOf(output: string): string {
  return output
    .replaceAll(/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, '<id>')
    .replaceAll(/\b[0-9A-F]{20,}\b/g, '<id at the broker>')
    .replaceAll(/\d{4}-\d\d-\d\d[T ][\d:.]+Z?/g, '<time>')
    .replaceAll(/(\b[a-z+]+:\/\/)?\b[\w.-]+:\d{2,}\b/g, '<process>')
    .replaceAll(/\b\d+(\.\d+)? ?(ms|[smhd]|min)( \d+(ms|[smhd]))?\b/g, '<span>')
    .replaceAll(/\d+(\.\d+)*/g, '<n>')
    .replaceAll(/[ \t]+/g, ' ')
    .split('\n')
    .filter((line) => !/ of <n>, /.test(line))
    .toSorted()
    .join('\n')
    .trim();
}
