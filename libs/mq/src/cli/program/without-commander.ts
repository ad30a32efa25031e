import type { Command } from '../command.js';
import type { Out } from '../output/out.js';
import { UsageError } from '../usage-error.js';

/** What the program can say where commander is not installed: which commands there are, and what they need. */
export function withoutCommander(
  [name = '--help']: readonly string[],
  commands: readonly Command[],
  out: Out,
  missing: unknown,
): void {
  const names = commands.map((command) => command.name);
  if (names.includes(name)) throw missing;
  if (!['--help', '-h', 'help'].includes(name)) throw UsageError.unknown('command', name, names);
  out.text('Usage: mq <command> [options]\n\nCommands:');
  for (const command of commands) out.text(`  ${command.name.padEnd(12)} ${command.summary}`);
  out.text('\nAll but the emulator need the package commander: npm install commander@14');
}
