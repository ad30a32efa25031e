const VERSION = /^(\d+)\.(\d+)\.(\d+)/;

/**
 * Whether a version is in a range of npm, of the kinds that our peers have: `1.0.4`, `^1.13.1`, and several with `||`
 * between. A pre-release counts as its release: who installs one wants to try it.
 */
export function isInRange(version: string, range: string): boolean {
  const found = partsOf(version);
  return found !== null && range.split('||').some((one) => isInOne(found, one.trim()));
}

function isInOne(found: readonly number[], one: string): boolean {
  const least = partsOf(one.replace(/^\^/, ''));
  if (!least) return false;
  const [order = 0] = found.map((part, index) => part - least[index]!).filter((difference) => difference !== 0);
  if (!one.startsWith('^')) return order === 0;
  // A caret lets everything change that stands behind the first number which is not 0.
  const fixed = least.findIndex((part) => part !== 0);
  return order >= 0 && least.every((part, index) => index > fixed || part === found[index]);
}

function partsOf(version: string): readonly number[] | null {
  const parts = VERSION.exec(version)?.slice(1).map(Number);
  return parts ?? null;
}
