import type { MigrationDialect } from '../../../../libs/mq/src/typeorm/migrations/migration-dialects.js';
import { migrationSql } from '../../../../libs/mq/src/typeorm/migrations/migration-sql.js';
import { checkMqSchema } from '../../../../libs/mq/src/typeorm/migrations/check-mq-schema.js';
import { migrationState } from '../../../../libs/mq/src/typeorm/migrations/migration-state.js';
import { runMqMigrations } from '../../../../libs/mq/src/typeorm/migrations/run-mq-migrations.js';
import { getMqEntities } from '../../../../libs/mq/src/typeorm/entities/get-mq-entities.js';
import { type DatabaseName, describeDatabases } from '../../../support/database.js';

const DIALECTS: Record<DatabaseName, MigrationDialect> = { PostgreSQL: 'postgres', MariaDB: 'mariadb', MySQL: 'mysql' };

describeDatabases('the printed migrations', (db) => {
  it('are those that runMqMigrations runs', async () => {
    const ran: string[] = [];
    const dataSource = await db.connect({
      entities: [...getMqEntities()],
      logging: ['query'],
      logger: {
        logQuery: (text: string, parameters: readonly unknown[] = []) => void ran.push(inline(text, parameters)),
        logQueryError: ignore,
        logQuerySlow: ignore,
        logSchemaBuild: ignore,
        logMigration: ignore,
        log: ignore,
      },
    });
    const printed = await migrationSql(DIALECTS[db.name], { schema: schemaOf(dataSource.driver) });
    ran.length = 0;
    await runMqMigrations(dataSource, { schema: schemaOf(dataSource.driver) });
    const changes = [...new Set(ran.filter((text) => /^(CREATE|ALTER|INSERT)/.test(text)))];
    expect(printed.filter((text) => !/^(BEGIN|COMMIT)$/.test(text))).toEqual(changes);
  });

  it('make tables that the library works with', async () => {
    const dataSource = await db.connect({ entities: [...getMqEntities('default', { prefix: 'q_' })] });
    const runner = dataSource.createQueryRunner();
    for (const statement of await migrationSql(DIALECTS[db.name], { prefix: 'q_' })) await runner.query(statement);
    await runner.release();
    await checkMqSchema(dataSource, { prefix: 'q_' });
    expect((await migrationState(dataSource, { prefix: 'q_' })).missing).toEqual([]);
  });
});

const ignore = (): void => undefined;

function schemaOf({ schema, database }: { schema?: string; database?: string }): string {
  return (schema ?? database)!;
}

function inline(text: string, parameters: readonly unknown[]): string {
  return parameters.reduce<string>((all, value, i) => all.replace(new RegExp(`\\?|\\$${i + 1}`), `'${value}'`), text);
}
