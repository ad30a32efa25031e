import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../support/pages.js';

/** Both ends of what `npm run test:package` installs of one package. */
export interface TriedVersions {
  readonly oldest: string;
  /** The newest of this major. */
  readonly newest: string;
}

export function triedPeers(): Record<string, TriedVersions> {
  const file = join(ROOT, 'test/programs/package/peers.json');
  return JSON.parse(readFileSync(file, 'utf8')) as Record<string, TriedVersions>;
}

/** Whether a version, or a major, lies between the two ends. */
export function isTried(version: string, { oldest, newest }: TriedVersions): boolean {
  const parts = version.split('.').length;
  return compare(version, cut(oldest, parts)) >= 0 && compare(cut(version, newest.split('.').length), newest) <= 0;
}

function cut(version: string, parts: number): string {
  return version.split('.').slice(0, parts).join('.');
}

function compare(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}
