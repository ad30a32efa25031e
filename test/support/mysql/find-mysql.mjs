import { cachedMysqlVersion, fetchMysql, MYSQL_NEEDS } from './mysql-server.mjs';

/**
 * What there is for the tests where no MySQL runs: a server that they start, fetched now if this machine has never had
 * it. No reason to fail if that cannot be done, since MySQL is no part of Debian's releases and most machines have no way
 * to it: it is told, and the tests go on without.
 *
 * @returns {Promise<{ startable: boolean, description: string, missing: string | null }>} `missing` says what is left out
 *   without it, and what to do
 */
export async function findMysql() {
  let reason = '';
  try {
    await fetchMysql();
  } catch (error) {
    reason = error.message.trim().split('\n').at(-1);
  }
  const version = cachedMysqlVersion();
  if (version) return { startable: true, description: `${version}, is started when needed`, missing: null };
  const missing = `everything on MySQL: ${reason}${reason.includes(MYSQL_NEEDS) ? '' : `. ${MYSQL_NEEDS}`}`;
  return { startable: false, description: 'none', missing };
}
