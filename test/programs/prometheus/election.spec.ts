import { useTestDatabase } from '../../support/database.js';
import { BUILD_TIMEOUT_MS, ensureBuilt } from '../../support/built.js';
import { EmulatorProgram } from '../../support/emulator-program.js';
import { eventually } from '../../support/eventually.js';
import { MonitoredProcess } from './support/monitored-process.js';

describe('of several processes that export metrics', () => {
  const db = useTestDatabase();
  let emulator: EmulatorProgram;
  let processes: MonitoredProcess[] = [];

  beforeAll(ensureBuilt, BUILD_TIMEOUT_MS);
  beforeAll(async () => {
    emulator = await EmulatorProgram.start();
    const first = await MonitoredProcess.start(db.url, emulator.endpoint, { role: 'relay' });
    const others = [1, 2].map(() => MonitoredProcess.start(db.url, emulator.endpoint, { role: 'relay' }));
    processes = [first, ...(await Promise.all(others))];
  });

  afterAll(async () => {
    await Promise.all([...processes.map((each) => each.kill()), emulator.stop()]);
  });

  /** Which of them export what only one may. */
  async function telling(): Promise<MonitoredProcess[]> {
    const texts = await Promise.all(processes.map((each) => each.metrics()));
    return processes.filter((_, i) => /^mq_outbox_messages\{/m.test(texts[i]!));
  }

  async function oneTells(): Promise<MonitoredProcess> {
    return eventually(async () => (await telling())[0], { what: 'one of them to tell', timeoutMs: 20_000 });
  }

  /** How often each asked the tables until one of them has done so three times more. */
  async function asked(): Promise<number[]> {
    const counts = (): Promise<number[]> => Promise.all(processes.map((each) => each.measurements()));
    const before = await counts();
    return eventually(async () => {
      expect((await telling()).length).toBeLessThanOrEqual(1);
      const more = (await counts()).map((count, i) => count - before[i]!);
      return Math.max(...more) >= 3 ? more : null;
    });
  }

  it('exactly one asks the tables, and only that one tells', async () => {
    const teller = await oneTells();
    const more = await asked();
    expect(more.filter((count) => count > 0)).toHaveLength(1);
    expect(more[processes.indexOf(teller)]).toBeGreaterThanOrEqual(3);
  });

  it('another takes over when it is killed, and then that one alone', async () => {
    const teller = await oneTells();
    await teller.kill();
    processes = processes.filter((each) => each !== teller);
    const next = await oneTells();
    expect(next).not.toBe(teller);
    expect((await asked()).filter((count) => count > 0)).toHaveLength(1);
  });

  it('and at once when it ends as planned', async () => {
    const teller = await oneTells();
    await teller.stop();
    processes = processes.filter((each) => each !== teller);
    await eventually(async () => (await telling()).length === 1, { what: 'the last one to tell', timeoutMs: 20_000 });
  });
});
