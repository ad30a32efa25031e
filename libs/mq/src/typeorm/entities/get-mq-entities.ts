import { EntitySchema, type EntitySchemaColumnOptions } from 'typeorm';
import { DEFAULT_PREFIX, tableLocation, type MqTables, type TableLocation } from '../sql/table-names.js';
import { errorLogColumns, MqErrorLog } from './mq-error-log.js';
import { inboxColumns, MqInbox } from './mq-inbox.js';
import { MqStatusLog, statusLogColumns } from './mq-status-log.js';

/** Schemas of one set of tables, in the order status log, error log, inbox. */
export type MqEntities = readonly [EntitySchema<MqStatusLog>, EntitySchema<MqErrorLog>, EntitySchema<MqInbox>];

type Target<T> = new () => T;

const known = new Map<string, MqEntities>();

/**
 * Entities of a connection's tables, for `entities: [...getMqEntities()]` and for repositories.
 *
 * The tables of the default connection also go by their classes: `dataSource.getRepository(MqStatusLog)`. Other sets of
 * tables have classes of their own, which nobody needs to see: `getRepository(getMqEntities('billing')[0])`.
 *
 * Synchronization leaves these tables alone; {@link runMqMigrations} makes them.
 *
 * @param connection name of the MqModule, `default` unless given
 * @param tables only when that module sets `tables`
 */
export function getMqEntities(connection = 'default', tables: MqTables = {}): MqEntities {
  const location = tableLocation(tables, connection);
  const id = `${location.schema ?? ''}.${location.prefix}`;
  let entities = known.get(id);
  if (!entities) {
    entities = build(location);
    known.set(id, entities);
  }
  return entities;
}

function build(location: TableLocation): MqEntities {
  const own = location.prefix === DEFAULT_PREFIX && location.schema === null;
  const name = (suffix: string): string => `${location.schema ? `${location.schema}.` : ''}${location.prefix}${suffix}`;
  // Not a subclass: TypeORM would add the columns of the parent a second time.
  const target = <T>(theClass: Target<T>, suffix: string): Target<T> =>
    own ? theClass : ({ [name(suffix)]: class {} }[name(suffix)] as unknown as Target<T>);

  const schema = <T>(theClass: Target<T>, suffix: string, columns: object): EntitySchema<T> =>
    new EntitySchema<T>({
      target: target(theClass, suffix),
      name: own ? theClass.name : name(suffix),
      tableName: location.prefix + suffix,
      // PostgreSQL reads the one and MySQL the other.
      ...(location.schema === null ? {} : { schema: location.schema, database: location.schema }),
      synchronize: false,
      columns: columns as { [P in keyof T]: EntitySchemaColumnOptions },
    });

  return [
    schema(MqStatusLog, 'status_log', statusLogColumns),
    schema(MqErrorLog, 'error_log', errorLogColumns),
    schema(MqInbox, 'inbox', inboxColumns),
  ];
}
