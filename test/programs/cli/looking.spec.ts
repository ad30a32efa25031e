import { createServer } from 'node:net';
import { once } from 'node:events';
import { BUILD_TIMEOUT_MS, BUILT, ensureBuilt } from '../../support/built.js';
import { describeOneDatabase } from '../../support/database.js';
import { Program } from '../../support/program.js';
import { useCommandLine } from './support/command-line.js';

interface Status {
  readonly connection: string;
  readonly byStatus: Readonly<Record<string, number>>;
}

beforeAll(ensureBuilt, BUILD_TIMEOUT_MS);

describeOneDatabase('commands that look', 'MariaDB', (db) => {
  const mq = useCommandLine(db);

  it('migrate says what is missing, makes it, and finds it done', async () => {
    const before = await mq.run('migrate', 'status', '--json');
    expect(before.code).toBe(2);
    const [missing] = JSON.parse(before.stdout) as [
      { applied: string[]; missing: string[]; problem: { code: string } },
    ];
    expect(missing).toMatchObject({ connection: 'default', applied: [], problem: { code: 'MQ_SCHEMA_OUTDATED' } });

    const refused = await mq.run('status');
    expect(refused).toMatchObject({ code: 3, stdout: '' });
    expect(refused.output).toContain('mq: MQ_SCHEMA_OUTDATED');

    const [{ ran }] = await mq.json<[{ ran: string[] }]>('migrate', 'up');
    expect(ran).toEqual(missing.missing);
    const [after] = await mq.json<[{ applied: string[]; missing: string[] }]>('migrate', 'status');
    expect(after).toMatchObject({ missing: [], problem: null });
    expect(after.applied.sort()).toEqual([...ran].sort());
  });

  it('status starts no consumer, no relay and no HTTP server, whatever the roles say, and leaves nothing open', async () => {
    await mq.emulator().setFaults([{ operation: 'publish', effect: { status: 503 } }]);
    const sent = await mq.run('send', 'orders', '--data', '{"n":1}', '--wait=1s', '--json');
    expect(sent.code).toBe(2);
    expect(JSON.parse(sent.stdout)).toMatchObject({ topic: 'orders', status: 'pending', connection: 'default' });
    await mq.emulator().setFaults([]);
    // Due now, so that whatever relays would send it.
    await db.query('UPDATE mq_status_log SET due_at = 1');
    const { requests } = await mq.emulator().state();

    const { code, stdout, output } = await mq.run('status', '--json');
    expect({ code, output }).toEqual({ code: 0, output: stdout });
    const [status] = JSON.parse(stdout) as [Status];
    expect(status).toMatchObject({ connection: 'default', byStatus: { PENDING: 1, SENT: 0 } });
    expect((await mq.emulator().state()).requests).toEqual(requests);
    expect(await db.query('SELECT id FROM mq_node')).toEqual([]);
  });

  it('send sends with everything that a message may have', async () => {
    const options = ['--tag', 'made', '--key', 'I-1', '--ordering-key', 'ann', '--correlation-id', 'cart-7'];
    const { id } = await mq.json<{ id: string }>('send', 'invoices', '--data', '{}', ...options);
    const [row] = await db.query(
      `SELECT topic_alias, tag, msg_key, ordering_key, correlation_id FROM mq_status_log WHERE id = '${id}'`,
    );
    expect(row).toEqual({
      topic_alias: 'invoices',
      tag: 'made',
      msg_key: 'I-1',
      ordering_key: 'ann',
      correlation_id: 'cart-7',
    });
    await db.query(`DELETE FROM mq_status_log WHERE id = '${id}'`);
  });

  it('reproduce --once sends what is due, and ends', async () => {
    const done = await mq.json<{ reason: string; sent: number }>('reproduce', '--once');
    expect(done).toMatchObject({ event: 'stopped', reason: 'once', sent: 1 });
    const [status] = await mq.json<Status[]>('status');
    expect(status!.byStatus).toMatchObject({ PENDING: 0, SENT: 1 });
  });

  it('prune deletes what its retention has ended for', async () => {
    await db.query('UPDATE mq_status_log SET done_at = 1');
    const pruned = await mq.json('prune', '--reason', 'the disk is full', '--actor', 'ann@ops');
    expect(pruned).toEqual([{ connection: 'default', sent: 1, inbox: 0, errors: 0 }]);
    expect(await db.query('SELECT action, actor, reason FROM mq_action')).toMatchObject([
      { action: 'prune', actor: 'ann@ops', reason: 'the disk is full' },
    ]);
  });

  it('the shop has the commands as a program of its own, and no HTTP server in them', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    // With the port taken, a server of the shop could not start.
    const env = { ...mq.env, PORT: String(port) };
    const { code, stdout } = await Program.run(BUILT.shopCli, { args: ['status'], env });
    taken.close();
    expect(code).toBe(0);
    expect(stdout).toMatch(/^connection +pending .*\ndefault +0 /);
  });
});
