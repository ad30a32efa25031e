import { refuse, type SettingProblem } from '../setting-problem.js';

/**
 * The oldest servers that enforce what the tables rely on. MySQL reads CHECK constraints and ignores them before 8.0.16, and
 * knows no SKIP LOCKED before 8.0.1; MariaDB knows none before 10.6.
 * https://dev.mysql.com/doc/refman/8.0/en/create-table-check-constraints.html, https://mariadb.com/kb/en/select/#skip-locked
 */
const OLDEST = { MariaDB: [10, 6, 0], MySQL: [8, 0, 16] } as const;

/** @param version as the server says it: `8.0.36`, `10.11.6-MariaDB-log`; what begins with no number is not refused. Products that speak MySQL's protocol
 *   (TiDB, PolarDB) name the version that they follow, and are held to it */
export function refuseOldVersion(version: string | undefined): SettingProblem[] {
  // Servers of MariaDB put 5.5.5- in front for the replicas of another age.
  const numbers = /^(?:5\.5\.5-)?(\d+)\.(\d+)(?:\.(\d+))?/.exec(version ?? '');
  if (!numbers) return [];
  const product = /mariadb/i.test(version!) ? 'MariaDB' : 'MySQL';
  const given = numbers.slice(1, 4).map((part) => (part === undefined ? Infinity : Number(part)));
  const oldest = OLDEST[product];
  const differs = oldest.findIndex((part, i) => part !== given[i]);
  if (differs < 0 || given[differs]! > oldest[differs]!) return [];
  return [
    refuse(
      `the server is ${product} ${version}, which does not enforce what the tables rely on (CHECK constraints, SKIP LOCKED)`,
      `${product} ${oldest.join('.')} or newer is needed`,
    ),
  ];
}
