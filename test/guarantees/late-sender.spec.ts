import 'reflect-metadata';
import { setTimeout as delay } from 'node:timers/promises';
import { type EntitySubscriberInterface, EventSubscriber, type Logger } from 'typeorm';
import { describeDatabases } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { closeAfterEach } from '../support/mq-app.js';
import { bootNode, type Node, type NodeSetup, OWN } from '../support/node/node.js';
import { Tables } from '../support/node/tables.js';

const LEASE_MS = 1_000;

/** Stops this thread, as SIGSTOP stops a process: no timer, no answer, nothing runs until it is over. */
function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

describeDatabases('a sender that comes too late', (db) => {
  closeAfterEach();
  const tables = new Tables(db);

  /** Publishes and does not relay: what it does not send itself, it never sends. */
  const bootPublisher = (more: NodeSetup = {}): Promise<Node> =>
    bootNode(db, { role: 'api', reproduce: { lease: LEASE_MS }, ...more });

  /** Another instance finds the row, and it is the one that sends it; the late one has not called its transport at all. */
  const sentByAnother = async (late: Node, id: string): Promise<void> => {
    const sends = jest.spyOn(late.transport, 'send');
    const other = await bootNode(db, { broker: late.broker });
    await eventually(async () => (await tables.statuses())[0]?.status === 'SENT', { what: 'the row being sent' });
    expect(late.broker.sent.map(({ properties }) => properties['mq-id'])).toEqual([id]);
    expect(sends).not.toHaveBeenCalled();
    await tables.poolIsFree(late);
    await tables.poolIsFree(other);
  };

  it('sends nothing after a transaction that was longer than the lease', async () => {
    const node = await bootPublisher();
    const sends = jest.spyOn(node.transport, 'send');
    const publication = await node.dataSource.transaction(async (manager) => {
      const staged = await node.mq.publish('orders', { payload: 1 }, { manager });
      // What the transaction goes on to do takes longer than the lease.
      await delay(LEASE_MS + 50);
      return staged;
    });
    expect(await publication.sent()).toMatchObject([{ status: 'pending' }]);
    expect(sends).not.toHaveBeenCalled();
    await sentByAnother(node, publication.messages[0]!.id);
  });

  it('sends nothing after a process that stood still between COMMIT and send', async () => {
    let armed = false;
    @EventSubscriber()
    class StandsStillAfterCommit implements EntitySubscriberInterface {
      afterTransactionCommit(): void {
        if (armed) standStill(LEASE_MS + 50);
        armed = false;
      }
    }
    const node = await bootPublisher({ dataSourceOptions: { subscribers: [StandsStillAfterCommit] } });
    const sends = jest.spyOn(node.transport, 'send');
    const publication = await node.dataSource.transaction(async (manager) => {
      armed = true;
      return node.mq.publish('orders', { payload: 1 }, { manager });
    });
    expect(await publication.sent()).toMatchObject([{ status: 'pending' }]);
    expect(armed).toBe(false);
    expect(sends).not.toHaveBeenCalled();
    await sentByAnother(node, publication.messages[0]!.id);
  });

  it('sends nothing after a process that stood still while it read its rows back', async () => {
    let stood = 0;
    const log: Partial<Logger> = {
      logQuery: (statement) => {
        // The read after the commit is the one SELECT of this process that asks for the token of rows of the outbox.
        if (stood > 0 || !/^\s*SELECT[^]*mq_status_log/i.test(statement) || !statement.includes('lease_token')) return;
        stood++;
        standStill(LEASE_MS + 50);
      },
    };
    const silent = new Proxy(log, { get: (target, name) => Reflect.get(target, name) ?? (() => undefined) }) as Logger;
    const node = await bootPublisher({ dataSourceOptions: { logging: ['query'], logger: silent } });
    const sends = jest.spyOn(node.transport, 'send');
    // When exactly that is, the database alone knows: so the row is read back, however well its commit is proven.
    const publication = await node.mq.publish('orders', { payload: 1, delay: 10 }, OWN);
    expect(await publication.sent()).toMatchObject([{ status: 'pending' }]);
    expect(stood).toBe(1);
    expect(sends).not.toHaveBeenCalled();
    await sentByAnother(node, publication.messages[0]!.id);
  });
});
