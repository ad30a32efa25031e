import { MqError } from '../../core/errors/mq-error.js';
import { requireEntities } from '../../typeorm/entities/require-entities.js';
import type { Check } from '../check.js';

export const entities: Check = {
  code: 'entities',
  needs: 'database',
  run({ options: { connection }, database: { dataSource, location } }) {
    try {
      requireEntities(dataSource, connection, location);
      return [];
    } catch (error) {
      if (!(error instanceof MqError)) throw error;
      const { prefix } = location;
      return [
        {
          code: 'entities-missing',
          severity: 'error',
          what: `the data source does not know the entities of the tables '${prefix}*': the application does not start`,
          evidence: { prefix, entities: dataSource.entityMetadatas.length },
          todo: `autoLoadEntities: true in TypeOrmModule.forRoot(), or entities: [...getMqEntities(${connection === 'default' ? '' : `'${connection}'`})]`,
        },
      ];
    }
  },
};
