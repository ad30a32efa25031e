import 'reflect-metadata';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { DynamicModule, Type } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { MqEvents, MqProducerService } from 'nestjs-reliable-mq';
import { type Emulator, startEmulator } from 'nestjs-reliable-mq-emulator';
import { MQClient, propertiesOf } from '../support/transport/node-sdk.js';
import { describeDatabases } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { typeOrm } from '../support/mq-app.js';
import { consumer } from '../support/node/consumer.js';
import { OWN, told } from '../support/node/node.js';
import { readPage } from '../support/pages.js';
import { writeBlocks } from './support/write-blocks.js';

const BODY = '{"data":{"id":"1"},"dsl_stage":1}';

/** The configuration of the guide, beside tables and messages as the Laravel package makes them. */
describeDatabases(
  'docs/guides/coming-from-laravel-mq.md',
  (db) => {
    const handled: unknown[] = [];
    let emulator: Emulator;
    let folder: string;
    let app: TestingModule;

    beforeAll(async () => {
      emulator = await startEmulator({ port: 0 });
      Object.assign(process.env, {
        ROCKETMQ_HTTP_ENDPOINT: emulator.endpoint,
        ROCKETMQ_ACCESS_KEY: 'test',
        ROCKETMQ_SECRET_KEY: 'test',
      });
      for (const table of ['mq_status_log', 'mq_error_log']) {
        await db.query(`CREATE TABLE ${table} (id bigint PRIMARY KEY, mq_uuid varchar(30) NOT NULL)`);
        await db.query(`INSERT INTO ${table} VALUES (1, 'mq1')`);
      }
      folder = writeBlocks(readPage('docs/guides/coming-from-laravel-mq.md'));
      const { MessagingModule } = (await import(join(folder, 'messaging.module'))) as { MessagingModule: Type };
      const work = consumer('orders', 'stock', ({ payload }) => void handled.push(payload));
      const root: DynamicModule = { module: class {}, imports: [typeOrm(db), MessagingModule], providers: [work] };
      app = await Test.createTestingModule({ imports: [root] }).compile();
      app.useLogger(false);
      await app.init();
    });
    beforeEach(() => handled.splice(0));
    afterAll(async () => {
      await app?.close();
      await emulator?.close();
      rmSync(folder, { recursive: true });
    });

    const fromLaravel = async (body: string, key: string): Promise<void> => {
      const producer = new MQClient(emulator.endpoint, 'test', 'test').getProducer('MQ_INST_1', 'shop_orders');
      await producer.publishMessage(body, 'created_production', propertiesOf({ messageKey: key }));
    };

    it('takes the data out of what Laravel sends, and handles a copy of it once', async () => {
      const copies = told({ events: app.get(MqEvents) }, 'delivery.duplicate');
      await fromLaravel(BODY, 'mq-once');
      await eventually(() => handled.length > 0, { what: 'the message' });
      await fromLaravel(BODY, 'mq-once');
      await eventually(() => copies.length > 0, { what: 'the copy' });
      expect(handled).toEqual([{ id: '1' }]);
    });

    it('parks a copy that mq:reproduce has wrapped again', async () => {
      const parked = told({ events: app.get(MqEvents) }, 'delivery.parked');
      await fromLaravel(BODY, 'mq-again');
      await eventually(() => handled.length > 0, { what: 'the message' });
      await fromLaravel(`{"data":${BODY},"dsl_stage":1}`, 'mq-again');
      await eventually(() => parked.length > 0, { what: 'the copy' });
      expect(parked).toMatchObject([{ error: { code: 'MQ_ID_CONFLICT' } }]);
      expect(handled).toEqual([{ id: '1' }]);
    });

    it('handles what mq:reproduce has wrapped again and nobody had seen before', async () => {
      await fromLaravel(`{"data":${BODY},"dsl_stage":1}`, 'mq-first');
      await eventually(() => handled.length > 0, { what: 'the message' });
      expect(handled).toEqual([{ id: '1' }]);
    });

    it('sends what Laravel reads', async () => {
      const group = 'GID_laravel_production';
      const laravel = new MQClient(emulator.endpoint, 'test', 'test').getConsumer(
        'MQ_INST_1',
        'shop_orders',
        group,
        'created_production',
      );
      const message = { tag: 'created', key: 'order-1', payload: { id: '2' } };
      await app.get(MqProducerService).publish('orders', message, OWN);
      await eventually(() => handled.length > 0, { what: 'the message' });
      expect(handled).toEqual([{ id: '2' }]);
      const { body } = await laravel.consumeMessage(16, 1);
      const ours = body.find(({ MessageKey }) => MessageKey === 'order-1');
      expect(JSON.parse(ours!.MessageBody)).toEqual({ data: { id: '2' }, dsl_stage: 1 });
    });

    it('leaves the tables of Laravel alone', async () => {
      for (const table of ['mq_status_log', 'mq_error_log']) {
        expect(await db.query(`SELECT mq_uuid FROM ${table}`)).toEqual([{ mq_uuid: 'mq1' }]);
      }
      expect(await db.query('SELECT COUNT(*) AS n FROM nest_mq_status_log')).toMatchObject([{}]);
    });
  },
  ['MariaDB', 'MySQL'],
);
