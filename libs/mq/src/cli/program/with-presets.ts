import type { Command } from '../command.js';

const VALUE = /^\d[\d.]*[a-z]*$/i;

/**
 * Writes `--stop-when-empty` as `--stop-when-empty=5s`: where the value of an option may be left out, the next word must not
 * be taken for it, unless it looks like a value: a number with a unit. Ids begin with a digit, too, and are longer than that.
 */
export function withPresets(argv: readonly string[], commands: readonly Command[]): string[] {
  const presets = new Map(
    withThoseBelow(commands)
      .flatMap(({ options = [] }) => options)
      .flatMap(({ flags, preset }) => (preset === undefined ? [] : [[flags.split(' ')[0]!, preset] as const])),
  );
  return argv.map((word, i) => {
    const preset = presets.get(word);
    return preset === undefined || VALUE.test(argv[i + 1] ?? '') ? word : `${word}=${preset}`;
  });
}

function withThoseBelow(commands: readonly Command[]): Command[] {
  return commands.flatMap((command) => [command, ...withThoseBelow(command.commands ?? [])]);
}
