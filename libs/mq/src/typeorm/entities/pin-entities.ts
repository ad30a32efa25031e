import type { DataSource, EntityMetadata } from 'typeorm';
import type { TableNames } from '../sql/table-names.js';
import type { MqEntities } from './get-mq-entities.js';

/**
 * Makes TypeORM call tables and columns what our SQL calls them: `entityPrefix` and the naming strategy of the data source
 * have renamed them when it was built, and without a schema they would follow the session's `search_path` or `USE`.
 *
 * Afterwards and not in the schemas of the entities: TypeORM asks the naming strategy about given names, too.
 */
export function pinEntities(dataSource: DataSource, entities: MqEntities, names: TableNames): void {
  for (const entity of entities) {
    if (dataSource.hasMetadata(entity)) {
      pin(dataSource, dataSource.getMetadata(entity), entity.options.tableName!, names.schema);
    }
  }
}

function pin(dataSource: DataSource, metadata: EntityMetadata, table: string, schema: string | null): void {
  metadata.tableName = table;
  metadata.tableNameWithoutPrefix = table;
  // TypeORM takes paths apart at their dots, so a schema with a dot in its name cannot be part of one.
  if (schema !== null && !schema.includes('.')) {
    // PostgreSQL reads the one and MySQL the other.
    metadata.schema = schema;
    metadata.database = schema;
  }
  metadata.tablePath = dataSource.driver.buildTableName(table, metadata.schema, metadata.database);
  for (const column of metadata.columns) {
    const name = column.givenDatabaseName!;
    column.databaseName = name;
    column.databasePath = name;
    column.databaseNameWithoutPrefixes = name;
  }
}
