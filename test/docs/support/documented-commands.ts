import { readPage } from '../../support/pages.js';

/** A command of docs/reference/cli.md, a page that is compared with what each command says of itself. */
interface DocumentedCommand {
  /** As `errors replay`. */
  readonly name: string;
  readonly options: readonly string[];
}

let commands: { readonly common: readonly string[]; readonly all: readonly DocumentedCommand[] } | null = null;

/**
 * What is wrong with a command that a page shows, such as `mq errors replay --rate 50/s`: there is no such command, or it has
 * no such option. `null` if nothing is.
 */
export function commandProblem(shown: string): string | null {
  commands ??= read();
  const words = shown.replace(/^(npx )?mq /, '').split(/\s+/);
  const name = words.slice(0, 2).join(' ');
  const command =
    commands.all.find((each) => each.name === name) ?? commands.all.find((each) => each.name === words[0]);
  if (!command) return `no command: ${shown}`;
  // The first one of a group is what the name of the group alone means.
  const meant = commands.all.find((each) => each.name.startsWith(`${command.name} `)) ?? command;
  const known = [...commands.common, ...command.options, ...meant.options];
  const unknown = [...shown.matchAll(/(?<=\s)--?[a-z][\w-]*/g)]
    .map(([option]) => option)
    .filter((option) => !known.includes(option));
  return unknown.length === 0 ? null : `no option ${unknown.join(', ')}: ${shown}`;
}

function read(): NonNullable<typeof commands> {
  const { prose } = readPage('docs/reference/cli.md');
  const all: { name: string; options: string[] }[] = [];
  const common: string[] = [];
  let options = common;
  for (const line of prose) {
    const usage = /^#+ `mq (.+)`/.exec(line)?.[1];
    if (usage !== undefined) {
      const name = usage.replaceAll(/ ?[[<].*/g, '');
      options = [];
      all.push({ name, options });
    }
    const flags = /^\| `(-.+?)`/.exec(line)?.[1];
    if (flags !== undefined) options.push(...[...flags.matchAll(/--?[a-z][\w-]*/g)].map(([flag]) => flag));
  }
  return { common, all };
}
