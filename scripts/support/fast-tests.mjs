/**
 * What `npm run test:fast` runs, for the working day: no broker's process, no kills, PostgreSQL alone. As jest takes them: parts
 * of paths, and a pattern of paths that are left out all the same.
 */
export const FAST = [
  'libs/',
  'test/white-box/',
  'test/nest/',
  'test/brokers/memory/',
  'test/databases/conformance/',
  'test/guarantees/',
];

/** Guarantees whose tests start, stop or kill processes, or wait for half a minute. */
export const NOT_FAST = 'test/guarantees/(frozen-database|memory|odd-values|outage-lines|refusals|stopped-process)';

/** What such a run says at its end: a green one has not tried these. */
export const LEFT_OUT_OF_FAST = [
  'MariaDB, MySQL and PgBouncer: everything on them',
  'both transports, at real brokers and at scripted ones; the emulator',
  'whatever starts or kills processes: test/programs, and a few of test/guarantees',
  'test/docs, test/databases/store and test/databases/transactions',
];
