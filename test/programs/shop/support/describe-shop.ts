import { describeDatabases, type TestDatabase } from '../../../support/database.js';
import { describeRocketmq, useRocketmq } from '../../../support/rocketmq/use-rocketmq.js';
import { type ShopBroker, useEmulator, useRocketmqShare } from './shop-broker.js';

/**
 * Runs a block of tests with each broker that the shop knows, on each database that is there. The shop is the same program
 * every time; only its environment differs.
 */
export function describeShop(title: string, block: (db: TestDatabase, broker: ShopBroker) => void): void {
  describeDatabases(`${title}, MQ HTTP`, (db) => block(db, useEmulator()));
  describeRocketmq(`${title}, RocketMQ 5`, () => {
    describeDatabases('database', (db) => block(db, useRocketmqShare(useRocketmq())));
  });
}
