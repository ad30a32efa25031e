import type { DataSource } from 'typeorm';
import { MqError } from '../../core/errors/mq-error.js';
import { defaultPrefix, type TableLocation } from '../sql/table-names.js';
import { getMqEntities } from './get-mq-entities.js';

/**
 * Makes sure that the data source knows the entities of these tables.
 * @throws {MqError} `MQ_ENTITIES_MISSING`, with the line that the application lacks
 */
export function requireEntities(dataSource: DataSource, connection: string, { prefix, schema }: TableLocation): void {
  const entities = getMqEntities(connection, { prefix, schema: schema ?? undefined });
  if (entities.every((entity) => dataSource.hasMetadata(entity))) return;
  throw new MqError(
    'MQ_ENTITIES_MISSING',
    `The data source does not know the entities of the tables '${prefix}*'. Set autoLoadEntities: true in TypeOrmModule.forRoot(), ` +
      `or add them to its entities: [...${callFor(connection, { prefix, schema })}], from nestjs-reliable-mq/typeorm.`,
    { details: { prefix } },
  );
}

/** The call that answers these entities, with the arguments that it cannot do without. */
function callFor(connection: string, { prefix, schema }: TableLocation): string {
  const tables = [
    ...(prefix === defaultPrefix(connection) ? [] : [`prefix: '${prefix}'`]),
    ...(schema === null ? [] : [`schema: '${schema}'`]),
  ];
  if (tables.length > 0) return `getMqEntities('${connection}', { ${tables.join(', ')} })`;
  return connection === 'default' ? 'getMqEntities()' : `getMqEntities('${connection}')`;
}
