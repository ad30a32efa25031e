import { nearest } from './nearest.js';

/** What to say after a name that nobody knows: the one that was probably meant, and all that there are. */
export function didYouMean(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  const all = `Known: ${known.map((one) => `'${one}'`).join(', ') || 'none'}.`;
  return near === undefined ? all : `Did you mean '${near}'? ${all}`;
}
