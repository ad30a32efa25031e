import type { DataSource } from 'typeorm';
import { MqError } from '../../core/errors/mq-error.js';
import type { Dialect } from './dialect.js';
import { mysql } from './mysql/dialect.js';
import { postgres } from './postgres/dialect.js';

const DIALECTS: ReadonlyMap<string, Dialect> = new Map([
  ['postgres', postgres],
  ['mysql', mysql],
  ['mariadb', mysql],
]);

/** @throws {MqError} `MQ_CONFIG_INVALID` when this library does not speak the language of that database. */
export function detectDialect(dataSource: DataSource): Dialect {
  const { type } = dataSource.options;
  const dialect = DIALECTS.get(type);
  if (!dialect) {
    throw new MqError(
      'MQ_CONFIG_INVALID',
      `the data source is of type "${type}"; messages can be kept in: ${[...DIALECTS.keys()].join(', ')}`,
    );
  }
  return dialect;
}
