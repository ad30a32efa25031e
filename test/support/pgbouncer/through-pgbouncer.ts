/**
 * Runs spec files once more, with PgBouncer in transaction mode between them and PostgreSQL. If it is not installed, one
 * test says in their place that they were left out.
 *
 * @param load requires the files, which find their databases in the environment as they are loaded
 */
export function throughPgbouncer(load: () => void): void {
  const { MQ_TEST_PGBOUNCER_URL: pooler, ...others } = process.env;
  if (pooler === undefined) {
    it('is left out without PgBouncer, and must not be under CI', () => expect(others['CI']).toBeUndefined());
    return;
  }
  process.env['MQ_TEST_POSTGRES_URL'] = pooler;
  for (const name of Object.keys(others)) if (/^MQ_TEST_(MYSQL|MARIADB)_/.test(name)) delete process.env[name];
  // Blocks for these databases alone are left out on purpose here, under CI as well: they run in their own files.
  delete process.env['CI'];
  // What is tried here is the way to the database; which broker the messages go to makes no difference to it.
  jest.doMock('../rocketmq/use-rocketmq.js', () => ({ describeRocketmq: () => undefined }));
  describe('through PgBouncer', load);
}
