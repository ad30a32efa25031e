/**
 * Whether instances of this class have all of these members. So a class of an optional package is told by its shape: a second
 * copy of the package, or the one inside of a bundle, is another class than an `import` would find here, and bundlers
 * rename classes. Instances are not looked at: those of other providers may be proxies that throw.
 */
export function isClassWith(candidate: unknown, members: readonly string[]): boolean {
  const prototype = typeof candidate === 'function' ? (candidate.prototype as unknown) : null;
  return typeof prototype === 'object' && prototype !== null && members.every((member) => member in prototype);
}
