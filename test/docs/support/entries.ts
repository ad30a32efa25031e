import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { ROOT } from '../../support/pages.js';

export interface Entry {
  /** As it is imported. */
  readonly name: string;
  /** Names of what is there when the program runs. */
  readonly values: readonly string[];
  /** Names of what only the compiler sees. */
  readonly types: readonly string[];
}

/** What each entry of the library's `exports` has, by name: read from the sources, because types are nowhere else. */
export function entriesOfTheLibrary(): Entry[] {
  const { exports } = JSON.parse(readFileSync(join(ROOT, 'libs/mq/package.json'), 'utf8')) as {
    exports: Record<string, { import: { types: string } } | string>;
  };
  const files = Object.entries(exports).flatMap(([path, targets]) =>
    typeof targets === 'string' ? [] : [{ path, file: sourceOf(targets.import.types) }],
  );
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as {
    config: unknown;
  };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
  const program = ts.createProgram(
    files.map(({ file }) => file),
    options,
  );
  const checker = program.getTypeChecker();
  return files.map(({ path, file }) => {
    const symbols = checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(file)!)!);
    const names = (wanted: boolean): string[] =>
      symbols.filter((symbol) => isValue(symbol, checker) === wanted).map(({ name }) => name);
    return { name: path.replace(/^\./, 'nestjs-reliable-mq'), values: names(true), types: names(false) };
  });
}

/** `./dist/spi/index.d.ts` is made from `libs/mq/src/spi/index.ts`. */
function sourceOf(declarations: string): string {
  return join(ROOT, 'libs/mq', declarations.replace('/dist/', '/src/').replace('.d.ts', '.ts'));
}

function isValue(symbol: ts.Symbol, checker: ts.TypeChecker): boolean {
  if (symbol.declarations?.some((declaration) => ts.isTypeOnlyImportOrExportDeclaration(declaration))) return false;
  const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  return (target.flags & ts.SymbolFlags.Value) !== 0;
}
