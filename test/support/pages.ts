import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

export const ROOT = join(__dirname, '../..');

/** A fenced block of code. */
export interface Fence {
  readonly language: string;
  readonly code: string;
  /** Line of its first line of code in the page, from 1. */
  readonly line: number;
}

export interface Link {
  readonly target: string;
  readonly line: number;
}

/** A page of documentation, taken apart. */
export interface Page {
  /** Relative to the root of the repository. */
  readonly path: string;
  readonly fences: readonly Fence[];
  readonly headings: readonly string[];
  readonly links: readonly Link[];
  /** Lines outside of fences. */
  readonly prose: readonly string[];
}

/** The READMEs and everything below docs/. */
export function allPages(): Page[] {
  const below = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name));
  return ['README.md', 'README.zh-CN.md', ...below.sort()].map(readPage);
}

export function readPage(path: string): Page {
  const fences: Fence[] = [];
  const headings: string[] = [];
  const links: Link[] = [];
  const prose: string[] = [];
  let open: { language: string; line: number; code: string[] } | null = null;
  for (const [i, line] of readFileSync(join(ROOT, path), 'utf8').split('\n').entries()) {
    const fence = /^\s*```(.*)$/.exec(line);
    if (fence && open) {
      fences.push({ language: open.language, line: open.line, code: open.code.join('\n') });
      open = null;
    } else if (fence) {
      open = { language: fence[1]!.trim(), line: i + 2, code: [] };
    } else if (open) {
      open.code.push(line);
    } else {
      prose.push(line);
      const heading = /^#{1,6} (.+)$/.exec(line);
      if (heading) headings.push(heading[1]!.trim());
      for (const [, target] of line.replace(/`[^`]*`/g, '').matchAll(/\]\(([^)\s]+)\)/g))
        links.push({ target: target!, line: i + 1 });
    }
  }
  if (open) throw new Error(`${path}:${open.line}: the block is never closed`);
  return { path: relative('', path), fences, headings, links, prose };
}

/** The anchors that GitHub makes of headings. */
export function anchorsOf(page: Page): Set<string> {
  const anchors = new Set<string>();
  for (const heading of page.headings) {
    const slug = heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-');
    let anchor = slug;
    for (let n = 1; anchors.has(anchor); n++) anchor = `${slug}-${n}`;
    anchors.add(anchor);
  }
  return anchors;
}

/** The rows of every Markdown table of a page whose first column's heading is `first`, as texts by column. */
export function tableRows(page: Page, first: string): Record<string, string>[] {
  const rows: Record<string, string>[] = [];
  let columns: string[] | null = null;
  for (const line of page.prose) {
    if (!line.startsWith('|')) {
      columns = null;
      continue;
    }
    const cells = line
      .slice(1, line.lastIndexOf('|'))
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim().replaceAll('\\|', '|'));
    if (cells.every((cell) => /^:?-+:?$/.test(cell))) continue;
    if (columns === null) columns = cells;
    else if (columns[0] === first) rows.push(Object.fromEntries(columns.map((column, i) => [column, cells[i] ?? ''])));
  }
  return rows;
}
