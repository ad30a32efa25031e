import { BUILD_TIMEOUT_MS, ensureBuilt } from '../../support/built.js';
import { describeOneDatabase } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';
import { useCommandLine } from './support/command-line.js';

interface Stopped {
  readonly event: 'stopped';
  readonly reason: string;
  readonly handled: number;
  readonly failed: number;
  readonly sent: number;
}

beforeAll(ensureBuilt, BUILD_TIMEOUT_MS);

describeOneDatabase('commands that run', 'MariaDB', (db) => {
  const mq = useCommandLine(db);

  beforeAll(async () => {
    const [{ ran }] = await mq.json<[{ ran: string[] }]>('migrate');
    expect(ran.length).toBeGreaterThan(0);
  });
  afterEach(async () => {
    await db.query('DELETE FROM note');
    await db.query('DELETE FROM gate');
  });

  it('consumer handles so many messages, not one more, and ends with 0', async () => {
    const ids = [await mq.send({ n: 1 }), await mq.send({ n: 2 }), await mq.send({ n: 3 })];
    const stopped = await mq.json<Stopped>('consumer', 'orders', 'notes', '--max-messages', '2');
    expect(stopped).toMatchObject({ event: 'stopped', reason: 'max-messages', handled: 2, failed: 0 });
    expect(await mq.notes()).toHaveLength(2);

    const rest = await mq.json<Stopped>('consumer', '--stop-when-empty=2s');
    expect(rest).toMatchObject({ reason: 'empty', handled: 1 });
    expect((await mq.notes()).sort()).toEqual(ids.sort());
  });

  it('consumer of one topic leaves those of others alone', async () => {
    const stopped = await mq.json<Stopped>('consumer', 'invoices', '--stop-when-empty=1s');
    expect(stopped).toMatchObject({ reason: 'empty', handled: 0 });
    const topics = (await mq.emulator().state()).instances['']!.topics;
    expect(Object.keys(topics['invoices']!.groups)).toEqual(['GID_others']);
  });

  it('consumer tells of failures, keeps stdout for its data, and stops in time', async () => {
    await mq.send({ print: true, fail: true });
    const { code, stdout, output } = await mq.run('consumer', '--max-time', '4s', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ reason: 'max-time', handled: 0, failed: 1 });
    expect(output).toContain('printed by a handler');
  });

  it('ends with 12 above the limit of memory', async () => {
    const { code, stdout } = await mq.run('consumer', '--memory', '10M', '--json');
    expect(code).toBe(12);
    expect(JSON.parse(stdout)).toMatchObject({ reason: 'memory' });
  });

  it('finishes what is under way at SIGTERM, and ends with 0', async () => {
    const id = await mq.send({ hold: true });
    const program = await mq.start(/^holding$/, 'consumer', '--json');
    program.signal('SIGTERM');
    await eventually(() => program.output.some((line) => line.startsWith('stopping (signal)')));
    await db.query('INSERT INTO gate (open) VALUES (1)');
    expect(await program.exited).toEqual({ code: 0, signal: null });
    expect(JSON.parse(program.stdout.join(''))).toMatchObject({ reason: 'signal', handled: 1 });
    expect(await mq.notes()).toEqual([id]);
  });

  it('ends at once at a second SIGTERM, with 143', async () => {
    await mq.send({ hold: true });
    const program = await mq.start(/^holding$/, 'work');
    program.signal('SIGTERM');
    await eventually(() => program.output.some((line) => line.startsWith('stopping (signal)')));
    let ended = false;
    void program.exited.then(() => (ended = true));
    // One that comes within a moment is taken for the same: npm hands on what the terminal sends to everybody.
    await eventually(() => program.signal('SIGTERM') ?? ended, { intervalMs: 100 });
    expect(await program.exited).toEqual({ code: 143, signal: null });
  });
});
