import 'reflect-metadata';
import { MqAdminService, PermanentError } from 'nestjs-reliable-mq';
import type { AfterQueryEvent, EntitySubscriberInterface } from 'typeorm';
import { describeDatabases } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { closeAfterEach } from '../support/mq-app.js';
import { consumer, gate } from '../support/node/consumer.js';
import { bootNode, publishOne } from '../support/node/node.js';
import { Tables } from '../support/node/tables.js';

const READS_ERRORS = /mq_error_log.*e\.message_id IN/s;

/** Does something once, when a connection has read the error rows of a message, and before it reads on. */
class AfterErrorsWereRead implements EntitySubscriberInterface {
  looked = false;
  constructor(private readonly work: () => Promise<unknown>) {}

  async afterQuery({ query }: AfterQueryEvent): Promise<void> {
    if (this.looked || !READS_ERRORS.test(query)) return;
    this.looked = true;
    await this.work();
  }
}

describeDatabases('a message that is parked while explain reads', (db) => {
  closeAfterEach();
  const tables = new Tables(db);

  it('is told as before or as after, and never as parked for no reason', async () => {
    const { open, pass, reach, reached } = gate();
    const worker = await bootNode(db, {
      role: 'worker',
      handlers: [
        consumer('orders', 'stock', async () => {
          reach();
          await pass;
          throw new PermanentError('no such sku');
        }),
      ],
    });
    const { app, dataSource, mq } = await bootNode(db, {
      broker: worker.broker,
      groups: { stock: { groupId: 'GID_stock' } },
    });
    const id = await publishOne({ mq });
    await reached;
    const isParked = async (): Promise<boolean> => (await tables.inbox()).some(({ state }) => state === 'PARKED');
    const parks = new AfterErrorsWereRead(async () => {
      open();
      await eventually(isParked, { what: 'the group having parked it' });
    });
    dataSource.subscribers.push(parks);

    const [before] = await app.get(MqAdminService).explain(id);
    expect(parks.looked).toBe(true);
    expect(before!.state).not.toBe('parked');

    const [after] = await app.get(MqAdminService).explain(id);
    expect(after).toMatchObject({ state: 'parked' });
    expect(after!.because[0]!.text).toMatch(/no such sku/);
  });
});
