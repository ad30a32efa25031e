import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import type { AdminRecord, MqErrorGroup, MqExplanation } from 'nestjs-reliable-mq';
import { BUILD_TIMEOUT_MS, ensureBuilt } from '../../support/built.js';
import { describeOneDatabase } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';
import { Program } from '../../support/program.js';
import { useCommandLine } from './support/command-line.js';

const WORKING = join(__dirname, 'support', 'working-application.mjs');
const ME = `${userInfo().username}@${hostname()}`;

type Found = AdminRecord & { connection: string };

beforeAll(ensureBuilt, BUILD_TIMEOUT_MS);

describeOneDatabase('commands about messages', 'PostgreSQL', (db) => {
  const mq = useCommandLine(db, { MQ_BILLING: '1' });
  let parked: Found[];

  beforeAll(async () => {
    // Goes on working: what is replayed is handled there.
    await Program.start(WORKING, { env: { ...mq.env, MQ_MIGRATE: '1' }, ready: /^parked all$/ });
  });

  const actions = (where: string): Promise<{ action: string; actor: string; reason: string }[]> =>
    db.query(`SELECT action, actor, reason FROM mq_action WHERE ${where} ORDER BY id`);

  it('messages finds by filters, page by page, over all connections', async () => {
    parked = await mq.json<Found[]>('messages', '--status', 'parked', '--tag', 'created');
    expect(parked.map(({ key, connection }) => `${connection} ${key}`).sort()).toEqual(
      ['A-1', 'A-2', 'A-3', 'A-4'].map((key) => `default ${key}`),
    );
    expect(parked[0]).toMatchObject({ side: 'consume', group: 'notes', errorMessage: 'the gate is closed' });

    const page = await mq.run('messages', '--status', 'PARKED', '--limit', '2', '--before', parked[1]!.id);
    expect(page.code).toBe(0);
    const [title, ...lines] = page.stdout.split('\n');
    expect(title).toMatch(/^id +status +topic +group +tag +key +attempts +age +why$/);
    expect(lines).toEqual([
      expect.stringMatching(
        new RegExp(`^${parked[2]!.id}  PARKED  orders  notes  created  ${parked[2]!.key} .*the gate is closed$`),
      ),
      expect.stringContaining(parked[3]!.id),
    ]);
    expect(page.output).toContain(`there may be more: add --before ${parked[3]!.id}`);

    const all = await mq.json<Found[]>('messages', '--since', '1h', '--status', 'PENDING');
    expect(all.map(({ key, connection }) => `${connection} ${key}`).sort()).toEqual(['billing bill', 'default waits']);
    const misspelt = await mq.run('messages', '--topic', 'invoice', '--connection', 'default', '--json');
    expect(misspelt).toMatchObject({ code: 0, stdout: '[]' });
    expect(misspelt.output).toContain('no topic "invoice" is configured. The nearest is: invoices');
  });

  it('show and explain tell about an id or a key, whichever connection has it', async () => {
    const { id, messageId, key } = parked[0]!;
    const shown = await mq.run('show', key);
    expect(shown.code).toBe(0);
    const [head, ...entries] = shown.stdout.split('\n');
    expect(head).toBe(`${messageId}  topic orders, key ${key}`);
    // A group may be quicker than the process that writes down that the message has left.
    const told = entries.map((line) => /^ {2}\S+Z +(?:\+\S+ +)?(\S+)/.exec(line)?.[1]);
    expect(told.slice(0, 1)).toEqual(['published']);
    expect(new Set(told.slice(1))).toEqual(new Set(['parked', 'sent']));
    expect(told).toHaveLength(3);
    expect(entries.join('\n')).toMatch(/ notes +parked in attempt 1: .*the gate is closed \(.+:\d+\)$/m);

    const [explained, ...others] = await mq.json<(MqExplanation & { connection: string })[]>('explain', id);
    expect(others).toEqual([]);
    expect(explained).toMatchObject({ connection: 'default', messageId, state: 'parked', next: { by: 'operator' } });
    expect(explained!.todo).toMatch(/replay/);
    const words = await mq.run('explain', 'bill');
    expect(words).toMatchObject({ code: 0 });
    expect(words.stdout).toMatch(/^\S+ {2}topic-paused\n {2}because {2}.*for the tests/);

    const unknown = await mq.run('explain', 'no-such-thing');
    expect(unknown.code).toBe(0);
    expect(unknown.stdout).toMatch(/^no-such-thing {2}unknown\n {2}because {2}No row has "no-such-thing"/);
  });

  it('errors lists equal ones together, counts before it decides, and does nothing that nobody has confirmed', async () => {
    const listed = await mq.run('errors', '--open', '--connection', 'default');
    expect(listed.code).toBe(0);
    const [, line, ...more] = listed.stdout.split('\n');
    expect(more).toEqual([]);
    const group = line!.split(' ')[0]!;
    expect(line).toMatch(/^[0-9a-f]{12} +orders +notes +4 +4 /);
    const shown = await mq.json<MqErrorGroup & { messages: AdminRecord[] }>('errors', 'show', group);
    expect(shown).toMatchObject({ id: group, open: 4, group: 'notes', message: 'the gate is closed' });
    expect(shown.messages.map(({ id }) => id)).toEqual(parked.map(({ id }) => id));

    const would = await mq.json<unknown>('errors', 'replay', '--error-group', group, '--dry-run');
    const nothing = { failed: [], failedTotal: 0, elsewhere: 0, stopped: false };
    expect(would).toEqual({
      dryRun: true,
      results: [
        { connection: 'default', matched: 4, done: 4, ...nothing },
        { connection: 'billing', matched: 0, done: 0, ...nothing },
      ],
    });
    const refused = await mq.run('errors', 'discard', '--key', 'A-4', '--reason', 'of no use');
    expect(refused).toMatchObject({ code: 3, stdout: '' });
    expect(refused.output).toContain(
      '1 row: they end for good, nothing is sent or run again. Nobody can be asked here',
    );
    expect(await actions(`action <> 'pause'`)).toEqual([]);
  });

  it('errors discard ends those that are named, and says of others why not, with 4', async () => {
    const { id } = parked[0]!;
    const ids = [id, 'no-such-id', parked[1]!.messageId];
    const { code, stdout } = await mq.run('errors', 'discard', ...ids, '--reason', 'of no use', '--json');
    expect(code).toBe(4);
    expect(JSON.parse(stdout)).toEqual([
      { id, outcome: 'discarded', connection: 'default' },
      { id: 'no-such-id', outcome: 'not-found', connection: null },
      // The message, and not what its group has parked: that one's id is told.
      {
        id: parked[1]!.messageId,
        outcome: 'not-discardable',
        connection: 'default',
        problem: expect.stringContaining(parked[1]!.id) as string,
      },
    ]);
    expect(await actions(`action = 'discard'`)).toEqual([{ action: 'discard', actor: ME, reason: 'of no use' }]);
  });

  it('errors replay stops in order at SIGINT, and the same command goes on; --wait tells what became of them', async () => {
    await db.query('INSERT INTO gate (open) VALUES (1)');
    const filter = ['errors', 'replay', '--group', 'notes', '--reason', 'the gate is open', '--yes'];
    const program = await mq.start(/^3 rows: they are sent again$/, ...filter, '--rate', '1/h', '--actor', 'ann@ops');
    await eventually(async () => (await mq.notes()).length === 1);
    program.signal('SIGINT');
    expect(await program.exited).toEqual({ code: 0, signal: null });
    expect(program.output).toContain('stopped at 1 of 3: the same command goes on with the rest');
    expect(program.stdout[1]).toMatch(/^default +3 +1 +0 +0$/);

    const rest = await mq.json<{ results: { done: number }[]; states: object }>(...filter, '--wait', '--rate', '50/s');
    expect(rest.results.map(({ done }) => done)).toEqual([2, 0]);
    expect(rest.states).toEqual({ handled: 2 });
    expect(await mq.notes()).toHaveLength(3);
    expect((await actions(`action = 'replay'`)).map(({ actor }) => actor)).toEqual(['ann@ops', ME]);
  });

  it('reschedule and cancel find whose message it is', async () => {
    const [waits] = await db.query<{ id: string }>(`SELECT id FROM mq_status_log WHERE msg_key = 'waits'`);
    const [bill] = await db.query<{ id: string }>(`SELECT id FROM mq_billing_status_log WHERE msg_key = 'bill'`);
    const moved = await mq.run('reschedule', bill!.id, waits!.id, '--at', '2099-01-01T06:00Z');
    expect(moved.code).toBe(0);
    expect(moved.stdout).toMatch(new RegExp(`${bill!.id} +rescheduled +in .*\\(2099-01-01T06:00:00Z\\)`));
    const cancelled = await mq.run('cancel', waits!.id, bill!.id, parked[1]!.id, '--reason', 'withdrawn', '--json');
    expect(cancelled.code).toBe(4);
    const outcomes = JSON.parse(cancelled.stdout) as { id: string; outcome: string; connection: string | null }[];
    expect(outcomes.map(({ outcome, connection }) => `${outcome} ${connection}`).sort()).toEqual([
      'cancelled billing',
      'cancelled default',
      'not-found null',
    ]);
    expect(await actions(`action = 'cancel'`)).toEqual([{ action: 'cancel', actor: ME, reason: 'withdrawn' }]);
  });
});
