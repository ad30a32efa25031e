import 'reflect-metadata';
import { Test } from '@nestjs/testing';
import { getMqProducerToken, MqModule, type MqProducerService } from 'nestjs-reliable-mq';
import { aliyunHttp } from 'nestjs-reliable-mq/aliyun-http';
import { startEmulator } from 'nestjs-reliable-mq-emulator';
import { OWN } from '../support/node/node.js';
import { useTestDatabase } from '../support/database.js';
import { typeOrm } from '../support/mq-app.js';

/** What docs/guides/transactions.md says of several connections. */
describe('two connections with one transport', () => {
  const db = useTestDatabase();

  it('send, and close without a complaint', async () => {
    const emulator = await startEmulator({ port: 0 });
    const warnings: unknown[] = [];
    const warn = (line: unknown): void => void warnings.push(String(line));
    const options = {
      transport: aliyunHttp({
        endpoint: emulator.endpoint,
        accessKeyId: 'test',
        accessKeySecret: 'test',
        instanceId: 'MQ_INST_1',
      }),
      topics: { orders: { topic: 'shop_orders' } },
      migrate: true,
      log: { logger: { log: () => undefined, warn, error: warn } },
    };
    const connections = ['shop', 'billing'];
    const imports = connections.map((name) => MqModule.forRoot({ name, ...options }));
    const app = await Test.createTestingModule({ imports: [typeOrm(db), ...imports] }).compile();
    await app.init();
    for (const name of connections) {
      const mq = app.get<MqProducerService>(getMqProducerToken(name));
      expect(await (await mq.publish('orders', { payload: name }, OWN)).sent()).toMatchObject([{ status: 'sent' }]);
    }
    await app.close();
    await emulator.close();
    expect(warnings).toEqual([]);
  });
});
