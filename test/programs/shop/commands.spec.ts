import { BUILD_TIMEOUT_MS, BUILT, ensureBuilt } from '../../support/built.js';
import { describeDatabases } from '../../support/database.js';
import { Program } from '../../support/program.js';
import { describeRocketmq, useRocketmq } from '../../support/rocketmq/use-rocketmq.js';
import { ShopProgram } from '../../support/shop-program.js';
import { useRocketmqShare } from './support/shop-broker.js';

interface Report {
  readonly findings: readonly { readonly code: string }[];
}

beforeAll(ensureBuilt, BUILD_TIMEOUT_MS);

/** What commands do is tested at the emulator, in test/programs/cli; here is what a broker has to do with it. */
describeRocketmq('the commands of the shop, RocketMQ 5', () => {
  const rocketmq = useRocketmq();
  describeDatabases(
    'database',
    (db) => {
      const broker = useRocketmqShare(rocketmq);
      const run = (args: string[], env: Record<string, string> = {}) =>
        Program.run(BUILT.shopCli, { args, env: { DATABASE_URL: db.url, ...broker.env, ...env } });
      const json = async <T>(...args: string[]): Promise<T> => {
        const { code, stdout, output } = await run([...args, '--json']);
        expect({ code, output }).toEqual({ code: 0, output });
        return JSON.parse(stdout) as T;
      };
      const brokerFindings = async (env: Record<string, string> = {}): Promise<string[]> => {
        const [report] = JSON.parse((await run(['doctor', '--json'], env)).stdout) as [Report];
        return report.findings.map(({ code }) => code).filter((code) => /^(topic|group-[mfng])/.test(code));
      };
      let order: string;

      it('consumer takes what a process has published, and explain and show tell of it', async () => {
        const shop = await ShopProgram.start(db, { ...broker.env, MQ_ROLE: 'api' });
        order = (await shop.place('tea')).id;
        await shop.stop();
        const stopped = await json<object>('consumer', 'orders', 'stock', '--max-messages', '1', '--max-time', '60s');
        expect(stopped).toMatchObject({ reason: 'max-messages', handled: 1 });

        const [created] = (await json<object[]>('explain', order)).slice(-1);
        expect(JSON.stringify(created)).toMatch(/stock/);
        const shown = await run(['show', order]);
        expect(shown.stdout).toMatch(/ published .*(\n.*)* sent +the broker took it as [0-9A-F]+/);
        expect(shown.stdout).toMatch(/ handled +stock /);
      });

      it('send tells the id that the broker gave', async () => {
        const payload = JSON.stringify({ id: order, sku: 'tea', quantity: 1 });
        const sent = await json<object>('send', 'orders', '--tag', 'reserved', '--data', payload, '--wait');
        expect(sent).toMatchObject({ status: 'sent' });
      });

      it('doctor finds nothing wrong with topics and groups, and a group that is not there', async () => {
        expect(await brokerFindings()).toEqual([]);
        expect(new Set(await brokerFindings({ MQ_SUFFIX: '_nobody' }))).toEqual(new Set(['group-missing']));
      });
    },
    ['PostgreSQL', 'MySQL'],
  );
});
