import 'reflect-metadata';
import { join } from 'node:path';
import { type Emulator, startEmulator } from 'nestjs-reliable-mq-emulator';
import { BUILD_TIMEOUT_MS, ensureBuilt } from '../support/built.js';
import { useTestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { Program } from '../support/program.js';

type Version = 'old' | 'both' | 'new';

describe('a payload that changes its form during a rolling deploy', () => {
  const db = useTestDatabase();
  let emulator: Emulator;
  beforeAll(ensureBuilt, BUILD_TIMEOUT_MS);
  beforeAll(async () => {
    // What is on its way to a process that ends comes again when its lease is over.
    emulator = await startEmulator({ invisible: '16s' });
    await db.query('CREATE TABLE booked (id text, version text, form text)');
  });
  afterAll(() => emulator.close());

  const deploy = async (version: Version): Promise<Program> => {
    const { program } = await Program.start(join(__dirname, 'support/deployed-program.mjs'), {
      env: { VERSION: version, DATABASE_URL: db.url, MQ_ENDPOINT: emulator.endpoint },
      ready: /^ready$/,
    });
    return program;
  };
  const booked = (by: Version, form: string, from: Version): Promise<unknown> =>
    eventually(
      async () => {
        const rows = await db.query(
          `SELECT 1 FROM booked AS b JOIN mq_status_log AS s ON s.id = b.id
           WHERE b.version = '${by}' AND b.form = '${form}' AND s.payload LIKE '%"${from}-%'`,
        );
        return rows.length >= 3;
      },
      { what: `'${by}' having booked what '${from}' has published, as ${form}` },
    );

  it('in the order of the guide loses nothing, parks nothing, and books each payment once', async () => {
    const old = await deploy('old');
    await booked('old', 'number', 'old');

    const both = await deploy('both');
    await booked('both', 'price', 'old');
    await booked('old', 'number', 'both');
    expect(await old.stop()).toMatchObject({ signal: 'SIGTERM' });

    const next = await deploy('new');
    await booked('new', 'price', 'both');
    await booked('both', 'price', 'new');
    expect(await both.stop()).toMatchObject({ signal: 'SIGTERM' });

    next.signal('SIGUSR2');
    await eventually(() => next.stdout.includes('silent'), { what: 'the last one being published' });
    await eventually(
      async () => {
        const [{ open }] = (await db.query(
          `SELECT COUNT(*) AS open FROM mq_status_log AS s WHERE s.id NOT IN (SELECT id FROM booked)`,
        )) as [{ open: string }];
        return Number(open) === 0;
      },
      { what: 'all payments being booked', timeoutMs: 150_000 },
    );
    expect(await next.stop()).toMatchObject({ signal: 'SIGTERM' });
    expect(await db.query('SELECT error_code, message FROM mq_error_log WHERE parked')).toEqual([]);
    expect(await db.query('SELECT id FROM booked GROUP BY id HAVING COUNT(*) > 1')).toEqual([]);
    expect(await db.query('SELECT id FROM booked WHERE id NOT IN (SELECT id FROM mq_status_log)')).toEqual([]);
  }, 600_000);
});
