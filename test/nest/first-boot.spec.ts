import 'reflect-metadata';
import { consumer } from '../support/node/consumer.js';
import { bootNode } from '../support/node/node.js';
import { describeDatabases } from '../support/database.js';
import { closeAfterEach } from '../support/mq-app.js';
import { RecordingLogger } from '../support/outbox/recording-logger.js';

describeDatabases('the log of TypeORM', (db) => {
  closeAfterEach();

  it('shows no failed statement at a first boot, nor at a second one', async () => {
    for (const which of ['first', 'second']) {
      const logger = new RecordingLogger();
      const { app, mq } = await bootNode(db, {
        handlers: [consumer('orders', 'stock', () => undefined)],
        dataSourceOptions: { logging: true, logger },
      });
      await (await mq.publish('orders', { payload: which }, { transaction: 'own' })).sent();
      expect(logger.statements.length).toBeGreaterThan(10);
      expect(logger.errors).toEqual([]);
      await app.close();
    }
  });
});
