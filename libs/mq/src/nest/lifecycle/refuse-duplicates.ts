import type { ModulesContainer } from '@nestjs/core';
import { MqError } from '../../core/errors/mq-error.js';
import { runtimesOf } from '../discovery/runtimes-of.js';
import type { MqRuntime } from '../mq-runtime.js';

/**
 * Two connections of one name, or on one set of tables, would send each other's rows and start everything twice. Nest
 * makes a module of its own from each `forRoot()`, so only the whole application shows it.
 * @throws {MqError} `MQ_DUPLICATE_CONNECTION`
 */
export function refuseDuplicates(modules: ModulesContainer, mine: MqRuntime): void {
  for (const other of runtimesOf(modules)) {
    if (other === mine) continue;
    if (other.connection === mine.connection) {
      throw new MqError(
        'MQ_DUPLICATE_CONNECTION',
        `MqModule.forRoot() is imported twice for the connection '${mine.connection}'. Import it once, or give one of them a name: forRoot({ name: 'billing', … }).`,
        { details: { connection: mine.connection } },
      );
    }
    if (other.dataSource === mine.dataSource && sameTables(other, mine)) {
      throw new MqError(
        'MQ_DUPLICATE_CONNECTION',
        `The connections '${other.connection}' and '${mine.connection}' use the same tables (prefix '${mine.tables.prefix}'). Give one of them a prefix of its own: tables: { prefix: 'mq_${mine.connection}_' }.`,
        { details: { connections: [other.connection, mine.connection] } },
      );
    }
  }
}

function sameTables(a: MqRuntime, b: MqRuntime): boolean {
  return a.tables.prefix === b.tables.prefix && a.tables.schema === b.tables.schema;
}
