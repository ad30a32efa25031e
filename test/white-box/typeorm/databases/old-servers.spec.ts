import type { QueryRunner } from 'typeorm';
import { mysqlSettings } from '../../../../libs/mq/src/typeorm/databases/mysql/settings.js';
import { postgresSettings } from '../../../../libs/mq/src/typeorm/databases/postgres/settings.js';

/** Stands for a server that is older than any that can run here: it answers with these rows, whatever it is asked. */
const answering = (rows: object[]): QueryRunner => ({ query: async () => rows }) as unknown as QueryRunner;

const MYSQL = {
  character_set_client: 'utf8mb4',
  character_set_connection: 'utf8mb4',
  character_set_results: 'utf8mb4',
  sql_mode: 'STRICT_TRANS_TABLES',
  autocommit: 'ON',
};
const POSTGRES = { server_encoding: 'UTF8', client_encoding: 'UTF8', read_only: 'off', replica: 'false' };

const mysql = (version: string) =>
  mysqlSettings(
    answering(Object.entries({ ...MYSQL, version }).map(([name, value]) => ({ Variable_name: name, Value: value }))),
  );
const postgres = (version: string, number: string) =>
  postgresSettings(answering([{ ...POSTGRES, version, version_number: number }]), undefined);

it.each([
  ['MySQL 5.7', () => mysql('5.7.44'), /MySQL 5\.7\.44.*MySQL 8\.0\.16 or newer/],
  ['MariaDB 10.5', () => mysql('10.5.23-MariaDB'), /MariaDB 10\.5\.23.*MariaDB 10\.6\.0 or newer/],
  ['PostgreSQL 11', () => postgres('11.22', '110022'), /PostgreSQL 11\.22.*PostgreSQL 12 or newer/],
])('%s is refused by name', async (_name, settings, sentence) => {
  expect(await settings()).toMatchObject([{ severity: 'refuse', sentence: expect.stringMatching(sentence) }]);
});

it.each([
  ['MySQL 8.0.16', () => mysql('8.0.16')],
  ['MariaDB 10.6', () => mysql('10.6.0-MariaDB')],
  ['PostgreSQL 12', () => postgres('12.0', '120000')],
])('%s is not', async (_name, settings) => expect(await settings()).toEqual([]));
