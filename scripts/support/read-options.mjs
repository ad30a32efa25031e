import { parseArgs } from 'node:util';

/**
 * `parseArgs` for a program: a mistake of its user ends it with one line and the exit code 1, without a stack trace.
 *
 * @type {typeof parseArgs}
 */
export function readOptions(config) {
  try {
    return parseArgs(config);
  } catch (error) {
    if (!String(error.code).startsWith('ERR_PARSE_ARGS')) throw error;
    return refuseOption(error.message.split('. ')[0]);
  }
}

/**
 * The same for a mistake that only the program can see.
 *
 * @param {string} problem
 * @returns {never}
 */
export function refuseOption(problem) {
  console.error(`${problem}. See --help.`);
  process.exit(1);
}
