import { startEmulator } from 'nestjs-reliable-mq-emulator';
import { aliyunHttp } from 'nestjs-reliable-mq/aliyun-http';
import { eventually } from '../support/eventually.js';
import { bootMq, closeAfterEach } from '../support/mq-app.js';
import { useTestDatabase } from '../support/database.js';
import { readPage } from '../support/pages.js';
import { MqProducerService } from 'nestjs-reliable-mq';
import { OWN } from '../support/node/node.js';

/** A line of the guide like `curl -X PUT http://… -d '…'`. */
interface Curl {
  readonly method: string;
  readonly path: string;
  readonly body: string | undefined;
}

function curlsOf(code: string): Curl[] {
  return [...code.matchAll(/^curl(?: -X (\w+))? http:\/\/[\d.:]+(\/\S+)(?: -d '([^']+)')?$/gm)].map(
    ([, method = 'GET', path, body]) => ({ method, path: path!, body }),
  );
}

describe('docs/guides/testing.md, two processes', () => {
  closeAfterEach();
  const db = useTestDatabase();

  it('lets the emulator fail as its requests say, and the message arrives all the same', async () => {
    const curls = readPage('docs/guides/testing.md').fences.flatMap(({ code }) => curlsOf(code));
    expect(curls.map(({ method }) => method)).toEqual(['PUT', 'GET']);
    const emulator = await startEmulator({ port: 0 });
    const ask = ({ method, path, body }: Curl): Promise<Response> =>
      fetch(new URL(path, emulator.endpoint), { method, ...(body !== undefined && { body }) });
    try {
      const transport = aliyunHttp({
        endpoint: emulator.endpoint,
        accessKeyId: 'test',
        accessKeySecret: 'test',
        instanceId: 'MQ_INST_1',
      });
      const options = {
        transport,
        topics: { orders: { topic: 'shop_orders' } },
        reproduce: { backoff: { base: 1, cap: 1 } },
      };
      const app = await bootMq(db, options, {});
      expect((await ask(curls[0]!)).status).toBe(200);
      await app.get(MqProducerService).publish('orders', { payload: 1 }, OWN);
      // Three times the answer is lost, and the fourth copy is acknowledged.
      const state = async (): Promise<unknown> => (await ask(curls[1]!)).json();
      await eventually(async () => JSON.stringify(await state()).includes('"stored":4'), { what: 'four copies' });
      await eventually(async () => (await db.query('SELECT status FROM mq_status_log'))[0]!['status'] === 'SENT');
      expect(JSON.stringify(await state())).toContain('"stored":4');
    } finally {
      await emulator.close();
    }
  });
});
