import { BUILD_TIMEOUT_MS, BUILT, ensureBuilt } from '../support/built.js';
import { type Page, readPage } from '../support/pages.js';
import { Program } from '../support/program.js';

/** What the help of a command says. */
interface Help {
  readonly usage: string;
  readonly options: string[];
  readonly commands: string[];
  readonly examples: string[];
}

describe('docs/reference/cli.md', () => {
  const page = readPage('docs/reference/cli.md');
  const helps = new Map<string, Help>();

  beforeAll(ensureBuilt, BUILD_TIMEOUT_MS);
  beforeAll(async () => {
    await readHelps('mq');
  });

  it('has every command, and no other', () => {
    const documented = page.headings
      .map((heading) => /`(mq .+)`/.exec(heading)?.[1])
      .filter((name) => name !== undefined);
    // The emulator has its own help.
    const usages = [...helps.values()].map(({ usage }) => usage).filter((usage) => usage !== 'mq');
    expect([...documented].sort()).toEqual([...usages].sort());
  });

  it('has every option of each command, and no other', () => {
    const told = [...helps].map(([name, { usage, options }]) => ({
      name,
      options: optionsUnder(usage),
      help: options,
    }));
    for (const { name, options, help } of told) expect({ name, options }).toEqual({ name, options: help });
  });

  it('stands beside a help with two examples for each command', () => {
    const few = [...helps].filter(([name, { examples }]) => name !== 'mq' && examples.length < 2);
    expect(few).toEqual([]);
    for (const [name, { examples }] of helps)
      for (const example of examples)
        expect({ name, example }).toEqual({ name, example: expect.stringContaining('mq ') });
  });

  async function readHelps(name: string): Promise<void> {
    if (name === 'mq emulator') {
      helps.set(name, { usage: name, options: [], commands: [], examples: ['mq emulator', 'mq emulator'] });
      return;
    }
    const { code, stdout } = await Program.run(BUILT.mq, { args: [...name.split(' ').slice(1), '--help'] });
    expect(code).toBe(0);
    const help = parse(stdout);
    helps.set(name, help);
    for (const command of help.commands) await readHelps(`${name} ${command}`);
  }

  /** First cells of the table under a heading, without those of all commands. */
  function optionsUnder(usage: string): string[] {
    const heading = usage === 'mq' ? '## Every command' : `\`${usage}\``;
    return optionsIn(page, heading);
  }
});

function optionsIn({ prose }: Page, heading: string): string[] {
  const start = prose.findIndex((line) => line.startsWith('#') && line.endsWith(heading.replace(/^#+ /, '')));
  const end = prose.findIndex((line, i) => i > start && line.startsWith('#'));
  return prose
    .slice(start, end < 0 ? undefined : end)
    .map((line) => /^\| `(-.+?)`/.exec(line)?.[1])
    .filter((option) => option !== undefined)
    .sort();
}

function parse(help: string): Help {
  const sections = new Map(
    help.split(/\n\n/).map((part) => [part.split('\n')[0]!, part.split('\n').slice(1)] as const),
  );
  const entries = (title: string): string[] =>
    (sections.get(title) ?? []).flatMap((line) => /^ {2}(\S.*?)(?: {2,}|$)/.exec(line)?.[1] ?? []);
  const usage = /^Usage: (.*)$/m.exec(help)![1]!.replaceAll(/ \[(options|command)\]/g, '');
  const options = entries('Options:').filter((flags) => usage === 'mq' || flags !== '-h, --help');
  const commands = entries('Commands:').map((entry) => entry.split(' ')[0]!);
  return {
    usage,
    options: options.sort(),
    commands: commands.filter((name) => name !== 'help'),
    examples: entries('Examples:'),
  };
}
