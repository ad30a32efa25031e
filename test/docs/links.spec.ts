import { existsSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';
import { allPages, anchorsOf, ROOT } from '../support/pages.js';

describe('links in the documentation', () => {
  const pages = allPages();
  const anchors = new Map(pages.map((page) => [page.path, anchorsOf(page)]));

  it('lead to files and headings that exist', () => {
    const broken = pages.flatMap(({ path, links }) =>
      links
        .filter(({ target }) => !/^(https?|mailto):/.test(target))
        .filter(({ target }) => {
          const [file, anchor] = target.split('#') as [string, string | undefined];
          const to = file === '' ? path : normalize(join(dirname(path), file));
          if (!existsSync(join(ROOT, to))) return true;
          return anchor !== undefined && !anchors.get(to)?.has(anchor);
        })
        .map(({ target, line }) => `${path}:${line}: ${target}`),
    );
    expect(broken).toEqual([]);
  });

  // The tarball carries these files beside the code, so that a link leads somewhere in an installed package as well.
  it('lead to nothing that the package does not carry', () => {
    const outside = pages.flatMap(({ path, links }) =>
      links
        .filter(({ target }) => !/^(https?|mailto):/.test(target))
        .filter(({ target }) => {
          const to = normalize(join(dirname(path), target.split('#')[0] || basename(path)));
          return !/^(docs\/.+|README(\.[\w-]+)?\.md|LICENSE|CHANGELOG\.md)$/.test(to);
        })
        .map(({ target, line }) => `${path}:${line}: ${target}`),
    );
    expect(outside).toEqual([]);
  });

  it('reach every page from the README', () => {
    const reached = new Set(['README.md']);
    for (const path of reached) {
      for (const { target } of pages.find((page) => page.path === path)?.links ?? []) {
        const to = normalize(join(dirname(path), target.split('#')[0]!));
        if (to.endsWith('.md')) reached.add(to);
      }
    }
    expect(pages.map(({ path }) => path).filter((path) => !reached.has(path))).toEqual([]);
  });
});
