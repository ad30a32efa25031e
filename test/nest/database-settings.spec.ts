import 'reflect-metadata';
import type { MqLogger } from 'nestjs-reliable-mq';
import { TransportError } from 'nestjs-reliable-mq/spi';
import { getMqEntities, createMqStores } from 'nestjs-reliable-mq/typeorm';

import pg from 'pg';
import { consumer } from '../support/node/consumer.js';
import { bootNode, OWN, pending } from '../support/node/node.js';
import { describeDatabases, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { closeAfterEach } from '../support/mq-app.js';
import { sessionDriver } from '../support/session-driver.js';

const TEXT = `a\u00e9\u4e2d\u{1f600} \\ ' " | \\' ;`;
const TOPICS = { orders: { topic: 'shop_orders', ordered: true } };

const changed = (value: unknown): unknown => (typeof value === 'string' ? value.replaceAll('\\', '') : value);

/** Publishes through the relay, handles, and finds each value as it was. */
async function works(db: TestDatabase, dataSourceOptions: object): Promise<string[]> {
  const warnings: string[] = [];
  const logger: MqLogger = { log: () => {}, error: () => {}, warn: (line) => warnings.push(String(line)) };
  const handled: unknown[] = [];
  const node = await bootNode(db, {
    topics: TOPICS,
    log: { logger },
    handlers: [consumer('orders', 'stock', ({ payload }) => void handled.push(payload))],
    dataSourceOptions,
  });
  const atBoot = [...warnings];
  node.broker.failNextSends(new TransportError('unavailable', 'refused'), { times: 1 });
  for (const round of [1, 2]) await node.mq.publish('orders', { payload: { TEXT, round }, orderingKey: TEXT }, OWN);
  await eventually(() => handled.length === 2 && pending(node.broker) === 0);
  expect(handled).toEqual([1, 2].map((round) => ({ TEXT, round })));
  return atBoot;
}

/** What boot does with a data source of the application. */
const refused = async (db: TestDatabase, options: object, sentence: RegExp): Promise<void> => {
  const dataSource = await db.connect({ entities: [...getMqEntities()], ...options });
  const location = { prefix: 'mq_', schema: null };
  const replayTo = { connection: 'default', broker: null, topic: () => undefined, problem: () => null } as never;
  await expect(
    createMqStores(dataSource, location, { migrate: true, replayTo, hosts: () => [], traces: null }),
  ).rejects.toMatchObject({
    code: 'MQ_DATABASE_SETTINGS',
    message: expect.stringMatching(sentence),
    details: { problems: [expect.stringMatching(sentence)] },
  });
  await dataSource.destroy();
};

describeDatabases(
  'settings of MySQL and MariaDB',
  (db) => {
    closeAfterEach();
    const session = (sql: string): object => ({ driver: sessionDriver(`SET SESSION ${sql}`) });
    const mode = (name: string): object => session(`sql_mode = CONCAT(@@sql_mode, ',${name}')`);

    it.each<[string, object, RegExp]>([
      ['charset latin1', { charset: 'latin1' }, /latin1.*charset: 'utf8mb4'/],
      ['charset gbk', { charset: 'gbk' }, /gbk.*charset: 'utf8mb4'/],
      ['charset utf8', { charset: 'utf8' }, /utf8(mb3)?, in.*charset: 'utf8mb4'/],
      ['SET NAMES of the server', { driver: sessionDriver('SET NAMES latin1') }, /latin1.*SET NAMES/],
      ['NO_BACKSLASH_ESCAPES', mode('NO_BACKSLASH_ESCAPES'), /NO_BACKSLASH_ESCAPES/],
      ['autocommit = 0', session('autocommit = 0'), /autocommit = 1/],
      ['READ UNCOMMITTED', session('TRANSACTION ISOLATION LEVEL READ UNCOMMITTED'), /READ-COMMITTED/],
      ['read-only transactions', session('TRANSACTION READ ONLY'), /read-only/],
      [
        'a typeCast that changes texts',
        { extra: { typeCast: (_field: unknown, next: () => unknown) => changed(next()) } },
        /typeCast/,
      ],
    ])('refused: %s', (_name, options, sentence) => refused(db, options, sentence));

    it.each<[string, object]>([
      ['ANSI_QUOTES', mode('ANSI_QUOTES')],
      ['PIPES_AS_CONCAT', mode('PIPES_AS_CONCAT')],
      ['PAD_CHAR_TO_FULL_LENGTH', mode('PAD_CHAR_TO_FULL_LENGTH')],
      ['sql_safe_updates', session('sql_safe_updates = 1')],
      ['SERIALIZABLE', session('TRANSACTION ISOLATION LEVEL SERIALIZABLE')],
      ['a time zone', session("time_zone = '+12:45'")],
      ['bigNumberStrings', { supportBigNumbers: true, bigNumberStrings: true }],
      ['no supportBigNumbers', { supportBigNumbers: false, bigNumberStrings: false }],
      ['dateStrings, timezone', { dateStrings: true, timezone: '-09:30' }],
      ['affected rows that count changes only', { flags: ['-FOUND_ROWS'] }],
      ['a typeCast that passes on', { extra: { typeCast: (_field: unknown, next: () => unknown) => next() } }],
    ])('supported: %s', async (_name, options) => {
      expect(await works(db, options)).toEqual([]);
    });

    it('supported with a warning: a sql_mode that is not strict', async () => {
      expect(await works(db, session(`sql_mode = 'NO_ENGINE_SUBSTITUTION'`))).toEqual([
        expect.stringMatching(/not strict.*STRICT_TRANS_TABLES/),
      ]);
    });
  },
  ['MariaDB', 'MySQL'],
);

describeDatabases(
  'settings of PostgreSQL',
  (db) => {
    closeAfterEach();
    const setting = (text: string): object => ({ extra: { options: `-c ${text}` } });
    const types = (changedOid: number, parse: (text: string) => unknown): object => ({
      extra: { types: { getTypeParser: (oid: number) => (oid === changedOid ? parse : pg.types.getTypeParser(oid)) } },
    });

    it.each<[string, object, RegExp]>([
      ['client_encoding', { driver: sessionDriver("SET client_encoding TO 'LATIN1'") }, /client_encoding.*LATIN1/],
      ['default_transaction_read_only', setting('default_transaction_read_only=on'), /read-only/],
      [
        'a search_path that somebody left in a session',
        { driver: sessionDriver('SET search_path TO left_behind') },
        /left_behind.*tables: \{ schema: 'public' \}/,
      ],
      ['parsers that change texts', types(25, changed), /type parsers/],
    ])('refused: %s', async (_name, options, sentence) => {
      await db.query('CREATE SCHEMA IF NOT EXISTS left_behind');
      await refused(db, options, sentence);
    });

    it.each(['SQL_ASCII', 'LATIN1'])('refused: a database in %s', async (encoding) => {
      const name = `${new URL(db.url).pathname.slice(1)}_${encoding.toLowerCase()}`;
      const url = new URL(db.url);
      url.pathname = `/${name}`;
      await db.query(`CREATE DATABASE ${name} ENCODING '${encoding}' LOCALE 'C' TEMPLATE template0`);
      try {
        await refused(db, { url: url.href }, new RegExp(`${encoding}.*ENCODING 'UTF8'`));
      } finally {
        await db.query(`DROP DATABASE ${name} WITH (FORCE)`);
      }
    });

    it.each<[string, object]>([
      ['READ UNCOMMITTED', setting('default_transaction_isolation=read\\ uncommitted')],
      ['SERIALIZABLE', setting('default_transaction_isolation=serializable')],
      ['a time zone', setting('TimeZone=Pacific/Chatham')],
      ['standard_conforming_strings = off', setting('standard_conforming_strings=off')],
      ['parseInt8', { parseInt8: true }],
      ['a parser of int8 that makes numbers', types(20, Number)],
      ['a parser of int8 that makes BigInts', types(20, BigInt)],
    ])('supported: %s', async (_name, options) => {
      expect(await works(db, options)).toEqual([]);
    });
  },
  ['PostgreSQL'],
);
