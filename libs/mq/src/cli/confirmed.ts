import { createInterface } from 'node:readline';
import type { CliContext } from './cli-context.js';
import { UsageError } from './usage-error.js';

/**
 * Whether somebody wants this, who was told how many rows it concerns. Whoever says no, or nothing, has changed nothing; nor has
 * whoever presses Ctrl-C or Ctrl-D there, which end the question and not the process.
 *
 * @param sentence what will happen to the rows, e.g. `they end for good`
 * @param yes whether `--yes` was given
 * @throws {UsageError} where there is nobody to ask
 */
export async function confirmed(context: CliContext, sentence: string, count: number, yes: boolean): Promise<boolean> {
  const what = `${count} ${count === 1 ? 'row' : 'rows'}: ${sentence}`;
  if (yes) {
    context.err.line(what);
    return true;
  }
  if (!context.isTTY) throw new UsageError(`${what}. Nobody can be asked here: add --yes if that is what you want`);
  const answer = await answerTo(`${what}. Go on? [y/N] `, context);
  return /^y(es)?$/i.test(answer.trim());
}

/** What was typed; nothing if the input ends, or somebody asks to stop. */
function answerTo(question: string, { stdin, signal }: CliContext): Promise<string> {
  const terminal = createInterface({ input: stdin, output: process.stderr });
  const close = (): void => terminal.close();
  signal.addEventListener('abort', close, { once: true });
  return new Promise<string>((resolve) => {
    terminal.once('close', () => resolve(''));
    terminal.question(question, resolve);
    if (signal.aborted) close();
  }).finally(() => {
    signal.removeEventListener('abort', close);
    close();
  });
}
