import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { EmulatorConfig } from '../config/emulator-config.js';
import { EmulatorError } from '../emulator-error.js';
import type { EmulatorOptions } from '../emulator-options.js';

const DEFAULT_PORT = 9877;

/**
 * The options that a command line asks for; `'help'` when it asks for help.
 *
 * @throws EmulatorError `OPTION_INVALID`
 */
export function parseCommandLine(args: readonly string[]): EmulatorOptions | 'help' {
  const values = parse(args);
  if (values.help) return 'help';
  return {
    port: toNumber('--port', values.port) ?? DEFAULT_PORT,
    data: values.data,
    accessKeyId: values['access-key-id'],
    accessKeySecret: values['access-key-secret'],
    config: values.config === undefined ? undefined : readConfig(values.config),
    invisible: values.invisible,
    invisibleOrdered: values['invisible-ordered'],
    maxAttempts: toNumber('--max-attempts', values['max-attempts']),
    startFrom: values['start-from'] as EmulatorOptions['startFrom'],
    retention: values.retention,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        port: { type: 'string' },
        data: { type: 'string' },
        'access-key-id': { type: 'string' },
        'access-key-secret': { type: 'string' },
        config: { type: 'string' },
        invisible: { type: 'string' },
        'invisible-ordered': { type: 'string' },
        'max-attempts': { type: 'string' },
        'start-from': { type: 'string' },
        retention: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new EmulatorError('OPTION_INVALID', `${(error as Error).message.replace(/\.?$/, '.')} See --help.`, {
      cause: error,
    });
  }
}

function toNumber(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(text)) throw new EmulatorError('OPTION_INVALID', `${option} must be a number, not "${text}".`);
  return Number(text);
}

/** The rest of its checks is done with the other options. */
function readConfig(file: string): EmulatorConfig {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as EmulatorConfig;
  } catch (error) {
    throw new EmulatorError('OPTION_INVALID', `--config ${file}: ${(error as Error).message}`, { cause: error });
  }
}
