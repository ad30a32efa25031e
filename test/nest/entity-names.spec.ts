import 'reflect-metadata';
import { MqErrorLog, MqInbox, MqStatusLog } from 'nestjs-reliable-mq';
import { checkMqSchema, getMqEntities, runMqMigrations } from 'nestjs-reliable-mq/typeorm';
import { Column, DefaultNamingStrategy, Entity, PrimaryColumn } from 'typeorm';
import { bootNode, pending } from '../support/node/node.js';
import { consumer } from '../support/node/consumer.js';
import { describeDatabases } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { closeAfterEach } from '../support/mq-app.js';

/** Of an application; its names shall be what the application wants. */
@Entity('clients')
class Client {
  @PrimaryColumn({ type: 'varchar', length: 36, name: 'client_id' })
  clientId: string;
  @Column({ type: 'varchar', length: 36 })
  fullName: string;
}

/** As `typeorm-naming-strategies` does: what was given stays, the rest goes from camelCase to snake_case. */
class Snake extends DefaultNamingStrategy {
  override tableName(className: string, given: string | undefined): string {
    return given ?? snake(className);
  }
  override columnName(property: string, given: string | undefined, prefixes: string[]): string {
    return snake([...prefixes, ''].join('_')) + (given ?? snake(property));
  }
}
/** Not even what was given stays, as on databases that grew up elsewhere. */
class Upper extends DefaultNamingStrategy {
  override tableName(className: string, given: string | undefined): string {
    return super.tableName(className, given).toUpperCase();
  }
  override columnName(property: string, given: string | undefined, prefixes: string[]): string {
    return super.columnName(property, given as string, prefixes).toUpperCase();
  }
}
const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

const STYLES: [string, object, string, string][] = [
  ['entityPrefix', { entityPrefix: 'app_' }, 'app_clients', 'client_id'],
  ['a strategy of snake case', { namingStrategy: new Snake() }, 'clients', 'client_id'],
  [
    'a strategy of upper case, with a prefix',
    { namingStrategy: new Upper(), entityPrefix: 'X_' },
    'X_CLIENTS',
    'CLIENT_ID',
  ],
];

describeDatabases('tables and entities have one name', (db) => {
  closeAfterEach();

  it.each(STYLES)('under %s', async (_style, style, clientTable, clientColumn) => {
    const entities = [Client, ...getMqEntities()];
    const node = await bootNode(db, {
      handlers: [consumer('orders', 'stock', () => undefined)],
      dataSourceOptions: { ...style, entities },
    });
    const publication = await node.mq.publish('orders', { payload: 1, key: 'key-of-it' }, { transaction: 'own' });
    const { id } = publication.messages[0]!;
    expect(await publication.sent()).toMatchObject([{ status: 'sent' }]);
    await eventually(() => pending(node.broker) === 0);

    const { dataSource } = node;
    const row = await dataSource.getRepository(MqStatusLog).findOneByOrFail({ key: 'key-of-it', status: 'SENT', id });
    expect(row).toMatchObject({ id, topicAlias: 'orders', failedCount: 0 });
    expect(await dataSource.getRepository(MqInbox).findBy({ messageId: id })).toMatchObject([{ groupId: 'GID_stock' }]);
    const count = dataSource.getRepository(MqErrorLog).createQueryBuilder('e').where('e.messageId = :id', { id });
    expect(await count.getCount()).toBe(0);

    // Those of the application stay as they are.
    expect(dataSource.getMetadata(Client).tableName).toBe(clientTable);
    expect(dataSource.getMetadata(Client).columns[0]!.databaseName).toBe(clientColumn);
  });

  it('also where only the migrations are run', async () => {
    const tableOptions = { prefix: 'script_' };
    const entities = [...getMqEntities('default', tableOptions)];
    const dataSource = await db.connect({ entityPrefix: 'app_', entities } as object);
    await runMqMigrations(dataSource, tableOptions);
    await checkMqSchema(dataSource, tableOptions);
    expect(await dataSource.getRepository(entities[0]!).count()).toBe(0);
    await dataSource.destroy();
  });
});
