// House rules that no linter knows. Looks at what git knows or would take in, so build output is never looked at.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** @typedef {{ files: RegExp, pattern: RegExp, say: string, except?: Record<string, RegExp> }} Rule */

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MAX_LINES = 400;
const CODE = /\.(ts|mjs|cjs|js|sh|sql|css)$|^\.ci\//;

/**
 * Each rule: where it applies, what it forbids, and what to do instead.
 *
 * @type {Rule[]}
 */
const RULES = [
  {
    files: /^test\/.*\.(ts|mjs)$|\.spec\.ts$/,
    pattern: /\b(it|test|describe)\.(skip|todo|only)\b|\b(xit|fit|xdescribe|fdescribe)\(/,
    say: 'a test that is not run, or the only one that is: write it, or delete it',
  },
  { files: CODE, pattern: /\b(TODO|FIXME|XXX|HACK)\b/, say: 'an unfinished note: finish it, or open an issue' },
  {
    files: /^libs\/mq\/src\/(?!core\/runtime\/system-clock\.ts|core\/runtime\/random\.ts).*(?<!\.spec)\.ts$/,
    pattern: /\bDate\.now\(|\bnew Date\(\)|(?<![.\w])set(Timeout|Interval)\(|\bMath\.random\(|\bperformance\.now\(/,
    except: {
      // Nest's SchedulerRegistry takes what setInterval returned, and clears it itself.
      'libs/mq/src/nest/services/reproduce-schedule.ts': /setInterval/,
    },
    say: 'time or chance that no test can set: take Clock or Random from core/runtime',
  },
  {
    files: /^libs\/mq\/src\/(?!core\/errors\/|spi\/).*(?<!\.spec)\.ts$/,
    pattern:
      /\binstanceof (Aggregate)?Error\b|\bString\((error|cause|reason|thrown)\)|\b(error|cause|reason) as Error\)\./,
    say: 'looks into a value that anybody may have thrown, which can throw itself: take describeError from core/errors',
  },
  {
    files: /^libs\/mq\/src\//,
    pattern: /\bimport\.meta\b/,
    say: 'does not exist in CommonJS, which the library is built as, too',
  },
  {
    files: /^libs\/mq\/src\//,
    pattern: /\bimport\((?!')/,
    say: 'bundlers see no import whose name is not written there',
  },
  {
    files: /./,
    pattern: /(?<![\w.~/-])\/(work|root|home|Users|tmp\/[a-z])\/?[\w.-]*\/[\w.-]+/,
    say: "a path of somebody's machine",
  },
  {
    files: /./,
    // As git writes them, also for a conflict of three sides; and as prettier leaves them in a page, where the middle has become
    // a row of a table and the end a quotation in a quotation: after it no line of a page looks like git's any more.
    pattern: /^\s*(<{7}|\|{7}|={7}|>{7}|(> ?){7})(\s|$)|^\s*\|\s*={7}\s*\|/,
    say: 'a conflict of a merge that somebody must still decide',
  },
  {
    files: /^package-lock\.json$/,
    pattern: /"resolved": "(?!libs\/)(?!https:\/\/registry\.npmjs\.org\/)/,
    say: 'a registry that other machines cannot reach: set omit-lockfile-registry-resolved, and run npm install',
  },
];

const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '' && file !== 'scripts/check-house.mjs' && existsSync(join(ROOT, file)));
const pages = new Set(files.filter((file) => file.endsWith('.md')).map((file) => basename(file)));

const problems = files.flatMap((file) => {
  const lines = readFileSync(join(ROOT, file), 'utf8').split('\n');
  return [...tooLong(file, lines), ...lines.flatMap((line, index) => problemsOfLine(file, line, index + 1))];
});

for (const problem of problems) console.error(problem);
console.log(`${files.length} files looked at, ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;

/**
 * @param {string} file
 * @param {string[]} lines
 */
function tooLong(file, lines) {
  const count = lines.at(-1) === '' ? lines.length - 1 : lines.length;
  if (!CODE.test(file) || count <= MAX_LINES) return [];
  return [`${file}: ${count} lines; above ${MAX_LINES} a file does more than one thing`];
}

/**
 * @param {string} file
 * @param {string} line
 * @param {number} number
 */
function problemsOfLine(file, line, number) {
  const found = RULES.filter(
    (rule) => rule.files.test(file) && rule.pattern.test(line) && !rule.except?.[file]?.test(line),
  );
  const problems = found.map(({ say }) => `${file}:${number}: ${say}\n    ${line.trim().slice(0, 140)}`);
  return CODE.test(file) ? [...problems, ...missingPages(file, line, number)] : problems;
}

/**
 * Links between pages have a test of their own; this is about comments that send their readers to a page.
 *
 * @param {string} file
 * @param {string} line
 * @param {number} number
 */
function missingPages(file, line, number) {
  const named = line.match(/[\w-]+\.md\b/g) ?? [];
  return named
    .filter((page) => !pages.has(page) && /^\s*(\/\/|\/?\*|#|--)/.test(line))
    .map((page) => `${file}:${number}: names ${page}, which is not in this repository`);
}
