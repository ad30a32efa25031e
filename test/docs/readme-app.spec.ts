import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { INestApplicationContext, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type Emulator, startEmulator } from 'nestjs-reliable-mq-emulator';
import { useTestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { readPage, ROOT } from './support/pages.js';

/**
 * "Use it in your application", as it stands in the README: its files are written into a folder, with the entities that
 * every reader has, and run against a broker and a database.
 */
describe('the application of the README', () => {
  const db = useTestDatabase();
  let folder: string;
  let emulator: Emulator;
  let app: INestApplicationContext;

  beforeAll(async () => {
    folder = writeApplication();
    emulator = await startEmulator({ port: 0 });
    Object.assign(process.env, {
      DATABASE_URL: db.url,
      MQ_ENDPOINT: emulator.endpoint,
      MQ_ACCESS_KEY_ID: 'test',
      MQ_ACCESS_KEY_SECRET: 'test',
    });
    const { Order } = (await import(join(folder, 'order.entity'))) as { Order: Type };
    const { Stock } = (await import(join(folder, 'stock.entity'))) as { Stock: Type };
    const own = await db.connect({ entities: [Order, Stock] });
    await own.synchronize();
    await db.query(`INSERT INTO stock VALUES ('tea', 10)`);
    const { AppModule } = (await import(join(folder, 'app.module'))) as { AppModule: Type };
    app = await NestFactory.createApplicationContext(AppModule, { logger: false, abortOnError: false });
  });

  afterAll(async () => {
    await app?.close();
    await emulator?.close();
    if (folder) rmSync(folder, { recursive: true });
  });

  const place = async (quantity: number): Promise<string> => {
    const { OrdersService } = (await import(join(folder, 'orders.service'))) as { OrdersService: Type<Orders> };
    return app.get(OrdersService).place({ sku: 'tea', quantity });
  };
  const onHand = async (): Promise<number> => {
    const [row] = await db.query<{ onHand: number }>('SELECT "onHand" FROM stock');
    return row!.onHand;
  };
  const storedAtBroker = (): number | undefined =>
    emulator.state().instances['MQ_INST_1']?.topics['shop_orders']?.stored;

  it('sends what commits, and handles it', async () => {
    const id = await place(2);
    await eventually(async () => (await onHand()) === 8, { what: 'the stock of the order' });
    expect(await db.query('SELECT status, msg_key FROM mq_status_log')).toEqual([{ status: 'SENT', msg_key: id }]);
    expect(await db.query('SELECT state FROM mq_inbox')).toEqual([{ state: 'HANDLED' }]);
    expect(storedAtBroker()).toBe(1);
  });

  it('sends nothing of what rolls back', async () => {
    // A constraint that fails at COMMIT only, when the message is in the outbox already.
    await db.query('ALTER TABLE orders ADD CONSTRAINT few UNIQUE (quantity) DEFERRABLE INITIALLY DEFERRED');
    await expect(place(2)).rejects.toThrow(/duplicate key/);
    await place(3);
    await eventually(async () => (await onHand()) === 5, { what: 'the stock of the order after it' });
    expect(storedAtBroker()).toBe(2);
  });
});

interface Orders {
  place(input: { sku: string; quantity: number }): Promise<string>;
}

/** Inside of the repository, because packages are looked for from there; in a folder that git and the tools ignore. */
function writeApplication(): string {
  const parent = join(ROOT, 'coverage');
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, 'readme-app-'));
  const given = join(ROOT, 'test/docs/snippets/readme');
  for (const name of readdirSync(given)) copyFileSync(join(given, name), join(folder, name));
  for (const { code } of readPage('README.md').fences) {
    const name = /^\/\/ ([\w.-]+\.ts)\n/.exec(code)?.[1];
    if (name) writeFileSync(join(folder, name), code);
  }
  return folder;
}
