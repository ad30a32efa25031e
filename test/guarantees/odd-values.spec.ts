import { join } from 'node:path';
import { BUILD_TIMEOUT_MS, ensureBuilt } from '../support/built.js';
import { describeDatabases } from '../support/database.js';
import { Program } from '../support/program.js';

const PARKED = 'parked';
const HANDLED = 'handled';
const THENABLES = [
  'a thenable that throws',
  'a thenable that is rejected with itself',
  'a rejected promise',
  'a promise rejected with a proxy',
];
/** Being returned from an async function looks for `then`, which throws. */
const FAILS_WHEN_RETURNED = [
  ...THENABLES,
  'an error with a hostile prototype',
  'a proxy that throws',
  'a proxy of an error that throws',
  'a proxy that was revoked',
  'a thenable whose then throws',
];

/** What becomes of a message that meets an odd value in a place of the user's code: by place, the same for all but some. */
const ENDS: Record<string, (value: string) => string> = {
  'handler throws': () => PARKED,
  'handler rejects': () => PARKED,
  'handler returns': (value) => (FAILS_WHEN_RETURNED.includes(value) ? PARKED : HANDLED),
  'encode throws': () => 'MQ_PAYLOAD_INVALID',
  'encode rejects': () => 'MQ_PAYLOAD_INVALID',
  // A text that the codec cannot read again is its own affair; here it can, since only `odd` is decoded oddly.
  'encode returns': (value) => (value === 'text' ? PARKED : 'MQ_PAYLOAD_INVALID'),
  'decode throws': () => PARKED,
  'decode rejects': () => PARKED,
  'decode returns': (value) => (THENABLES.includes(value) ? PARKED : HANDLED),
  'identify throws': () => PARKED,
  'identify rejects': () => PARKED,
  // Nothing: the broker's id. A text: that is the id.
  'identify returns': (value) => (['undefined', 'text'].includes(value) ? HANDLED : PARKED),
  'backoff throws': () => PARKED,
  'backoff rejects': () => PARKED,
  'backoff returns': () => PARKED,
  'listener throws': () => HANDLED,
  'listener rejects': () => HANDLED,
  'listener returns': () => HANDLED,
  'logger throws': () => HANDLED,
  'logger rejects': () => HANDLED,
  'logger returns': () => HANDLED,
  'onAlert throws': () => PARKED,
  'onAlert rejects': () => PARKED,
  'onAlert returns': () => PARKED,
  'credentials throws': () => 'auth',
  'credentials rejects': () => 'auth',
  'credentials returns': () => 'auth',
};

interface Told {
  readonly place: string;
  readonly value: string;
  readonly outcome: string;
  readonly reached: boolean;
  readonly after: readonly string[];
}

describeDatabases('odd values from code of the user', (db) => {
  beforeAll(ensureBuilt, BUILD_TIMEOUT_MS);
  let exit: Awaited<ReturnType<typeof Program.run>>;
  let values: readonly string[];
  let told: Told[];

  beforeAll(async () => {
    exit = await Program.run(join(__dirname, 'support/odd-values-program.mjs'), {
      env: { DATABASE_TYPE: db.options.type, DATABASE_URL: db.url },
    });
    const lines = exit.stdout.split('\n').filter((line) => line.startsWith('{'));
    const [first, ...others] = lines.map((line) => JSON.parse(line) as Told & { odd: string[] });
    values = first?.odd ?? [];
    told = others;
  }, 600_000);

  it('do not end the process, and nothing of them is left unhandled', () => {
    // Node ends a process for an unhandled rejection or exception, and nobody listens for either here.
    expect({ ...exit, stdout: '', output: exit.output.slice(-2_000) }).toMatchObject({ code: 0, signal: null });
    expect(told).toHaveLength(values.length * Object.keys(ENDS).length);
  });

  it.each(Object.keys(ENDS))('%s: the message ends as it should, and the next ones are handled', (place) => {
    const expected = values.map((value) => ({
      place,
      value,
      outcome: ENDS[place]!(value),
      reached: true,
      after: [HANDLED, HANDLED],
    }));
    expect(told.filter((one) => one.place === place)).toEqual(expected);
  });

  it('are told in the error table: bounded, and never with what an object held', async () => {
    const rows = await db.query<{ error_class: string; message: string; stack: string | null }>(
      'SELECT error_class, message, stack FROM mq_error_log',
    );
    expect(rows.length).toBeGreaterThan(values.length);
    for (const { error_class, message, stack } of rows) {
      expect(error_class).toMatch(/./);
      expect(message).toMatch(/./);
      expect(message.length).toBeLessThanOrEqual(2_000);
      expect((stack ?? '').length).toBeLessThanOrEqual(16_000);
      expect(message).not.toContain('secret');
    }
    const messages = rows.map(({ message }) => message);
    expect(messages).toEqual(
      expect.arrayContaining([expect.stringMatching(/^several \(4 errors: first; .*undefined; …\)$/)]),
    );
  });
});
