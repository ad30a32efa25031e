import { describeDatabases, type TestDatabase } from '../../../support/database.js';
import { EmulatorProgram } from '../../../support/emulator-program.js';
import { RocketmqAdmin } from '../../../support/rocketmq/rocketmq-admin.mjs';
import { type RunningRocketmq, startRocketmq } from '../../../support/rocketmq/start-rocketmq.mjs';
import { describeRocketmq } from '../../../support/rocketmq/use-rocketmq.js';
import { type ShopBroker, useEmulator, useRocketmqShare } from './shop-broker.js';

/** A broker that no other test uses, so that it may fail. */
export interface FailingBroker extends ShopBroker {
  kill(): Promise<void>;
  /** After {@link kill}, where it was before. */
  startAgain(): Promise<void>;
}

/** As `describeShop`, with brokers that may fail. */
export function describeShopWithFailingBroker(
  title: string,
  block: (db: TestDatabase, broker: FailingBroker) => void,
): void {
  describeDatabases(`${title}, MQ HTTP`, (db) => block(db, useFailingEmulator()));
  describeRocketmq(`${title}, RocketMQ 5`, () => {
    const rocketmq = useOwnRocketmq();
    describeDatabases('database', (db) => block(db, rocketmq()));
  });
}

function useFailingEmulator(): FailingBroker {
  const broker = useEmulator();
  return Object.assign(broker, {
    kill: () => broker.emulator.kill(),
    startAgain: async () => void (await EmulatorProgram.start({ port: broker.emulator.port })),
  });
}

/** One for all databases: it takes 8 s to start. */
function useOwnRocketmq(): () => FailingBroker {
  let rocketmq: RunningRocketmq;
  beforeAll(async () => {
    rocketmq = await startRocketmq();
  }, 280_000);
  afterAll(() => rocketmq?.stop());
  return () => {
    const share = useRocketmqShare({
      get endpoint() {
        return rocketmq.endpoint;
      },
      get admin() {
        return new RocketmqAdmin(rocketmq);
      },
    });
    return Object.assign(share, { kill: () => rocketmq.kill(), startAgain: () => rocketmq.start() });
  };
}
