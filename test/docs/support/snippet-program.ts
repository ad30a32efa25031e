import { join } from 'node:path';
import ts from 'typescript';
import { type Fence, type Page, ROOT } from '../../support/pages.js';

const SNIPPETS = join(ROOT, 'test/docs/snippets');
const PRELUDE = join(SNIPPETS, 'prelude.ts');

interface Snippet {
  readonly page: Page;
  readonly fence: Fence;
  readonly file: string;
  readonly text: string;
}

/**
 * Compiles every `ts` block of these pages against the sources of the library, under the options of the repository, and
 * answers what the compiler finds, as `page:line: message`.
 *
 * Each block is a module of its own in a folder for its page, and nothing is written to disk. A block that begins with
 * `// some-file.ts` is that file, whole as a reader copies it: it must import what it uses, also from the other blocks
 * of its page and from files that stand in that folder for real. What any other block uses and does not declare
 * (`manager`, `Order`, …) it gets from `prelude.ts`, by an import at its end, which leaves its line numbers alone.
 */
export function compileSnippets(pages: readonly Page[]): string[] {
  const prelude = exportedNames(PRELUDE);
  const snippets = pages.flatMap((page) => snippetsOf(page, prelude));
  const byFile = new Map(snippets.map((snippet) => [snippet.file, snippet]));
  const folders = new Set(snippets.map(({ file }) => folderOf(file)));

  const options = compilerOptions();
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, directoryExists } = host;
  host.fileExists = (file) => byFile.has(file) || fileExists(file);
  host.readFile = (file) => byFile.get(file)?.text ?? readFile(file);
  host.directoryExists = (folder) => folders.has(folder) || (directoryExists?.(folder) ?? true);
  const program = ts.createProgram([...byFile.keys()], options, host);

  return snippets.flatMap((snippet) => {
    const source = program.getSourceFile(snippet.file)!;
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map((found) => {
      const { line } = source.getLineAndCharacterOfPosition(found.start ?? 0);
      const text = ts.flattenDiagnosticMessageText(found.messageText, '\n');
      return `${snippet.page.path}:${snippet.fence.line + line}: ${text}`;
    });
  });
}

function snippetsOf(page: Page, prelude: ReadonlySet<string>): Snippet[] {
  const folder = join(SNIPPETS, page.path.replace(/\.md$/, '').toLowerCase());
  return page.fences
    .filter(({ language }) => language === 'ts')
    .map((fence, i) => {
      const name = /^\/\/ ([\w.-]+\.ts)\b/.exec(fence.code)?.[1];
      const file = join(folder, name ?? `block-${i + 1}.ts`);
      return { page, fence, file, text: name === undefined ? completed(fence.code, page, prelude) : fence.code };
    });
}

/** An excerpt as a module, with what it lacks. */
function completed(code: string, page: Page, prelude: ReadonlySet<string>): string {
  const declared = declaredNames(code);
  const missing = [...prelude].filter((name) => !declared.has(name));
  const up = '../'.repeat(page.path.split('/').length);
  return `${code}\nimport { ${missing.join(', ')} } from '${up}prelude.js';\n`;
}

/** The options of the repository, without the rules about names that an excerpt declares and does not use. */
function compilerOptions(): ts.CompilerOptions {
  const file = join(ROOT, 'tsconfig.json');
  const { config } = ts.readConfigFile(file, (path) => ts.sys.readFile(path)) as { config: unknown };
  const { options } = ts.parseJsonConfigFileContent(config, { ...ts.sys, readDirectory: () => [] }, ROOT);
  return { ...options, noEmit: true, noUnusedLocals: false, noUnusedParameters: false };
}

function exportedNames(file: string): Set<string> {
  return namesOf(
    parse(ts.sys.readFile(file)!).filter((statement) => ts.isExportDeclaration(statement) || isExported(statement)),
  );
}

/** Names that the top level of a block declares or imports. */
function declaredNames(code: string): Set<string> {
  return namesOf(parse(code));
}

const parse = (text: string): ts.Statement[] => [
  ...ts.createSourceFile('block.ts', text, ts.ScriptTarget.Latest).statements,
];

function isExported(statement: ts.Statement): boolean {
  const modifiers = ts.canHaveModifiers(statement) ? ts.getModifiers(statement) : undefined;
  return modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false;
}

function namesOf(statements: readonly ts.Statement[]): Set<string> {
  const names = new Set<string>();
  for (const statement of statements) {
    if (ts.isImportDeclaration(statement)) {
      const bindings = statement.importClause?.namedBindings;
      if (bindings && ts.isNamedImports(bindings)) for (const { name } of bindings.elements) names.add(name.text);
    } else if (ts.isExportDeclaration(statement)) {
      const clause = statement.exportClause;
      if (clause && ts.isNamedExports(clause)) for (const { name } of clause.elements) names.add(name.text);
    } else if (ts.isVariableStatement(statement)) {
      for (const { name } of statement.declarationList.declarations) collectNames(name, names);
    } else if ('name' in statement && statement.name) {
      names.add((statement.name as ts.Identifier).text);
    }
  }
  return names;
}

function collectNames(name: ts.BindingName, into: Set<string>): void {
  if (ts.isIdentifier(name)) into.add(name.text);
  else for (const element of name.elements) if (ts.isBindingElement(element)) collectNames(element.name, into);
}

const folderOf = (file: string): string => file.slice(0, file.lastIndexOf('/'));
