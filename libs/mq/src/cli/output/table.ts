import { oneLine } from '../../core/runtime/one-line.js';

export type TableRow = Readonly<Record<string, string | number | boolean | Date | null | undefined>>;

export interface Column {
  readonly key: string;
  /** Above it; the key unless given. */
  readonly title?: string;
  /** Never gives way: what is copied from it into the next command must be all there. */
  readonly whole?: boolean;
}

const GAP = '  ';
/** What is left of a column that has to give way. */
const NARROWEST = 8;

/**
 * Rows as lines under their titles, numbers to the right. Where they are wider than the terminal, the widest columns give way and
 * end in `…`.
 * @param width of the terminal; `null` where nothing has to fit
 */
export function renderTable(rows: readonly TableRow[], columns: readonly Column[] | undefined, width: number | null) {
  const shown = columns ?? Object.keys(rows[0] ?? {}).map((key): Column => ({ key }));
  const titles = shown.map(({ key, title }) => title ?? key);
  const cells = rows.map((row) => shown.map(({ key }) => cellText(row[key])));
  const right = shown.map(({ key }) => rows.length > 0 && rows.every((row) => typeof row[key] === 'number'));
  const widths = titles.map((title, i) => Math.max(widthOf(title), ...cells.map((line) => widthOf(line[i]!))));
  const giving = shown.flatMap(({ whole }, i) => (whole ? [] : [i]));
  if (width !== null) narrow(widths, giving, width - GAP.length * (widths.length - 1));
  const lines = [titles, ...cells].map((line) =>
    line
      .map((cell, i) => fit(cell, widths[i]!, right[i]!))
      .join(GAP)
      .trimEnd(),
  );
  return lines.map((line) => `${line}\n`).join('');
}

/** @param giving which of them may give way */
function narrow(widths: number[], giving: readonly number[], room: number): void {
  while (widths.reduce((sum, width) => sum + width, 0) > room) {
    const widest = giving.toSorted((a, b) => widths[b]! - widths[a]!)[0];
    if (widest === undefined || widths[widest]! <= NARROWEST) return;
    widths[widest]!--;
  }
}

function cellText(value: TableRow[string]): string {
  if (value === null || value === undefined) return '';
  return oneLine(value instanceof Date ? value.toISOString() : String(value));
}

function fit(cell: string, width: number, right: boolean): string {
  const text = widthOf(cell) <= width ? cell : cut(cell, width);
  const padding = ' '.repeat(width - widthOf(text));
  return right ? padding + text : text + padding;
}

function cut(cell: string, width: number): string {
  let text = '';
  for (const letter of cell) {
    if (widthOf(text) + widthOf(letter) >= width) break;
    text += letter;
  }
  return `${text}…`;
}

/** Letters of East Asia take two columns of a terminal. Keys and tags may be written in them. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}]/gu;

function widthOf(text: string): number {
  return Array.from(text).length + (text.match(WIDE)?.length ?? 0);
}
