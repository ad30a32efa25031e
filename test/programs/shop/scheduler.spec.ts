import { SchedulerRegistry } from '@nestjs/schedule';
import { Test } from '@nestjs/testing';
import { ReproduceService } from 'nestjs-reliable-mq';
import { AppModule } from '../../../apps/shop/src/app.module.js';
import { readEnvironment, shopConfig } from '../../../apps/shop/src/config/shop-config.js';
import { useTestDatabase } from '../../support/database.js';

describe('schedule of the shop', () => {
  const db = useTestDatabase();

  it('shows its relay in SchedulerRegistry while it runs', async () => {
    const config = readEnvironment({
      DATABASE_URL: db.url,
      MQ_ROLE: 'relay',
      MQ_ENDPOINT: '127.0.0.1:1',
      MQ_ACCESS_KEY_ID: 'test',
      MQ_ACCESS_KEY_SECRET: 'test',
    });
    const app = await Test.createTestingModule({ imports: [AppModule] })
      .overrideProvider(shopConfig.KEY)
      .useValue(config)
      .compile();
    await app.init();
    try {
      expect(app.get(SchedulerRegistry).getIntervals()).toEqual(['mq:reproduce']);
      await app.get(ReproduceService).stop();
      expect(app.get(SchedulerRegistry).getIntervals()).toEqual([]);
    } finally {
      await app.close();
    }
  });
});
