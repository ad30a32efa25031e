import { spawnSync } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';

/** Versions of the JDK and of Maven, which the suite of the official Java client needs; `null` where one of them is missing. */
export function findJava() {
  const javac = firstLine('javac', '-version');
  const maven = firstLine('mvn', '--version');
  return javac && maven ? `${javac}, ${maven}` : null;
}

/**
 * @param {string} program
 * @param {string} argument
 */
function firstLine(program, argument) {
  const { status, stdout, stderr } = spawnSync(program, [argument], { encoding: 'utf8' });
  return status === 0 ? stripVTControlCharacters((stdout || stderr).split('\n')[0]).trim() : null;
}
