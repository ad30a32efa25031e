import type { DoctorReport, MqCounts, MqNode, MqPause } from 'nestjs-reliable-mq';
import { BUILD_TIMEOUT_MS, BUILT, ensureBuilt } from '../../support/built.js';
import { describeOneDatabase } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';
import { Program } from '../../support/program.js';
import { useCommandLine } from './support/command-line.js';

interface Status extends MqCounts {
  readonly connection: string;
  readonly nodes: readonly MqNode[];
  readonly pauses: readonly MqPause[];
}

beforeAll(ensureBuilt, BUILD_TIMEOUT_MS);

describeOneDatabase('commands that operate an application', 'MySQL', (db) => {
  const mq = useCommandLine(db);
  let worker: Program;
  /** What the environment says of a database that is away. */
  const away = () => ({ ...mq.env, DATABASE_URL: db.url.replace(/:\d+\//, ':1/') });
  const findings = (stdout: string): string[] =>
    (JSON.parse(stdout) as DoctorReport[]).flatMap((report) => report.findings.map(({ code }) => code));

  it('doctor finds what is wrong, says it in words with what to do, and nothing once all is well', async () => {
    const broken = await mq.run('doctor');
    expect(broken.code).toBe(2);
    expect(broken.stdout).toMatch(/^default: \d findings?, \d+ checks\n/);
    expect(broken.stdout).toMatch(
      /\nerror tables-missing: the tables 'mq_\*' do not exist.*\n( {2}\S.*\n)+ {2}-> mq migrate/,
    );

    await mq.json('migrate');
    await db.query(`INSERT INTO mq_action (id, connection, action, actor, reason, target, affected, created_at)
      SELECT 'a', 'default', 'pause', 'ann', 'a test', 'topic:orders', 1, MAX(applied_at) FROM mq_migrations`);
    worker = await mq.start(/handle <- invoices/, 'work');
    const well = await mq.run('doctor', '--json');
    expect({ code: well.code, found: findings(well.stdout) }).toEqual({ code: 0, found: [] });
    expect(JSON.parse(well.stdout)).toMatchObject([{ connection: 'default', healthy: true }]);
  });

  it('tail shows what happens on both sides, once and as it happens, and what has happened before', async () => {
    const tailing = await mq.start(/action/, 'tail', '--json', '--since', '10m');
    const told = (): { what: string; messageId: string | null }[] =>
      tailing.stdout.map((line) => JSON.parse(line) as { what: string; messageId: string | null });
    const id = await mq.send({ n: 1 });
    const failing = await mq.send({ fail: true });
    const of = (messageId: string): string[] =>
      told()
        .filter((line) => line.messageId === messageId)
        .map(({ what }) => what)
        .sort();
    await eventually(() => of(id).length === 3 && of(failing).length === 3, { what: 'all of it to be told' });
    expect(of(id)).toEqual(['handled', 'published', 'sent']);
    expect(of(failing)).toEqual(['attempt-failed', 'published', 'sent']);
    expect(told().find(({ what }) => what === 'attempt-failed')).toMatchObject({
      connection: 'default',
      topic: 'orders',
      group: 'notes',
      code: 'MQ_HANDLER_FAILED',
      text: 'attempt 1: as the message says',
    });
    tailing.signal('SIGINT');
    expect(await tailing.exited).toEqual({ code: 0, signal: null });

    const filtered = ['--group', 'notes', '--status', 'attempt-failed', '--since', '10m'];
    const before = await mq.start(/attempt-failed/, 'tail', ...filtered);
    await before.stop();
    expect(before.stdout).toEqual([
      expect.stringMatching(/Z {2}attempt-failed {2}orders\/notes {2}.*as the message says$/),
    ]);
    await worker.stop();
  });

  it('doctor goes on when the database is away, and needs none to look at the configuration', async () => {
    const { code, stdout } = await Program.run(BUILT.mq, { args: ['doctor', '--json'], env: away() });
    expect(code).toBe(2);
    expect(findings(stdout)).toEqual(['database-unreachable']);
    expect(stdout).toContain('ECONNREFUSED');
    const offline = await Program.run(BUILT.mq, { args: ['doctor', '--offline'], env: away() });
    expect(offline).toMatchObject({ code: 0 });
    expect(offline.stdout).toMatch(/^default: nothing found, \d checks\n\nnot checked: database: offline\n/);
    // Whoever looks at the tables cannot.
    const status = await Program.run(BUILT.mq, { args: ['status'], env: away() });
    expect(status).toMatchObject({ code: 1, stdout: '' });
    expect(status.output).toMatch(/^mq: MQ_DATABASE_UNAVAILABLE: .*ECONNREFUSED.*$/m);
  });

  it('pause and resume are for all processes, and status tells of them, of limits, and of what nobody reads', async () => {
    const paused = await mq.json<MqPause[]>('pause', 'group:notes', '--for', '30m', '--reason', 'a test');
    expect(paused).toMatchObject([{ connection: 'default', target: 'group:notes', reason: 'a test' }]);
    expect(paused[0]!.actor).toMatch(/.@./);
    await db.query(`INSERT INTO mq_status_log (id, status, connection, broker, topic_alias, topic, msg_key, max_attempts,
        deferred, due_at, created_at, updated_at, payload, payload_bytes)
      VALUES ('late', 'PENDING', 'default', 'nobody', 'orders', 'orders', 'k', 9, false, 1, 1, 1, '1', 1)`);

    const limited = await mq.run('status', '--max-backlog', '0', '--max-overdue', '1h', '--max-dead', '0', '--json');
    expect(limited.code).toBe(2);
    const [status] = JSON.parse(limited.stdout) as [Status];
    expect(status).toMatchObject({
      byStatus: { PENDING: 1 },
      topics: [
        { topic: 'orders', pending: 1 },
        { topic: 'invoices', pending: 0 },
      ],
      groups: [
        { topic: 'orders', group: 'notes', consumers: 0 },
        { topic: 'invoices', group: 'others' },
      ],
      nodes: [],
      pauses: [{ target: 'group:notes' }],
    });
    const said = limited.output.split('\n').filter((line) => line.startsWith('default: '));
    expect(said).toEqual([
      expect.stringMatching(/should have left .* ago, longer than --max-overdue 1h/),
      'default: 1 message is not with the broker, more than --max-backlog 0',
    ]);

    const watching = await mq.start(/no running process reads orders for notes/, 'status', '--watch=200ms');
    const looks = (): number => watching.stdout.filter((line) => line.startsWith('connection  pending')).length;
    await eventually(() => looks() > 2, { what: 'several looks' });
    expect(watching.stdout.join('\n')).toMatch(/connection +paused .*\ndefault +group:notes /);
    watching.signal('SIGINT');
    expect(await watching.exited).toEqual({ code: 0, signal: null });

    const resumed = await mq.run('resume', 'group:notes');
    expect(resumed).toMatchObject({ code: 0, stdout: 'nothing is paused' });
    expect(resumed.output).toContain('group:notes goes on');
    const actions = await db.query<{ action: string }>(
      `SELECT action FROM mq_action WHERE actor <> 'ann' ORDER BY created_at, id`,
    );
    expect(actions.map(({ action }) => action)).toEqual(['pause', 'resume']);
  });
});
