// A test that forgets to close its application: it publishes, waits for what happens, and is over.
import 'reflect-metadata';
import { Test } from '@nestjs/testing';
import { MqConsumer, MqProducerService } from 'nestjs-reliable-mq';
import { MqTesting, MqTestingModule } from 'nestjs-reliable-mq/testing';

class Handles {
  handle() {}
}
MqConsumer('orders', 'stock')(Handles);

const app = await Test.createTestingModule({
  imports: [
    MqTestingModule.forRoot({
      topics: { orders: { topic: 'shop_orders' } },
      groups: { stock: { groupId: 'GID_stock' } },
    }),
  ],
  providers: [Handles],
}).compile();
await app.init();
await app.get(MqProducerService).publish('orders', { payload: 1 }, { transaction: 'own' });
await MqTesting.of(app).waitFor('delivery.handled', { topic: 'orders' });
console.log('over');
