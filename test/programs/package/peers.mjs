import { readFileSync } from 'node:fs';

/**
 * Both ends of what the library promises to work beside: `oldest` is that version, `newest` is the newest of that major when
 * this runs; some newest versions want a newer Node than the oldest that the library runs on. A test compares them with the
 * library's package.json (test/docs/package.spec.ts).
 *
 * @type {Record<string, { oldest: string, newest: string, newestOnNode20?: string }>}
 */
const PEERS = JSON.parse(readFileSync(new URL('peers.json', import.meta.url), 'utf8'));

/** What has to be as old, or as new, as the peers that it comes with. */
const COMPANIONS = {
  oldest: ['@nestjs/platform-express@11.0.1', '@nestjs/testing@11.0.1', 'rxjs@7.2.0'],
  newest: ['@nestjs/platform-express@12', '@nestjs/testing@12', 'rxjs@7'],
};

/**
 * What to install for one end, as arguments of `npm install`.
 *
 * @param {'oldest' | 'newest'} end
 * @param {readonly string[]} [without] names of peers
 */
export function peersAt(end, without = []) {
  const peers = Object.entries(PEERS).filter(([name]) => !without.includes(name));
  return [...peers.map(([name, versions]) => `${name}@${versionAt(end, versions)}`), ...COMPANIONS[end]];
}

/**
 * @param {'oldest' | 'newest'} end
 * @param {{ oldest: string, newest: string, newestOnNode20?: string }} options
 */
function versionAt(end, { oldest, newest, newestOnNode20 = newest }) {
  if (end === 'oldest') return oldest;
  return process.versions.node.startsWith('20.') ? newestOnNode20 : newest;
}
