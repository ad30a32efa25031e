import 'reflect-metadata';
import { Controller, Get, Injectable, Module } from '@nestjs/common';
import { HealthCheck, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { MqAdminService } from 'nestjs-reliable-mq';
import { aliyunHttp } from 'nestjs-reliable-mq/aliyun-http';
import { MqHealthIndicator } from 'nestjs-reliable-mq/terminus';
import { useTestDatabase } from '../support/database.js';
import { eventuallyPasses } from '../support/eventually.js';
import { FreezableProxy } from '../support/freezable-proxy.js';
import { bootMq, closeAfterEach } from '../support/mq-app.js';

@Controller('health')
@Injectable()
class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly mq: MqHealthIndicator,
  ) {}

  @Get('live')
  @HealthCheck()
  live() {
    return this.health.check([() => this.mq.liveness('mq')]);
  }

  @Get('ready')
  @HealthCheck()
  ready() {
    return this.health.check([() => this.mq.readiness('mq')]);
  }

  @Get('consumer')
  @HealthCheck()
  readyToConsume() {
    return this.health.check([() => this.mq.readiness('mq', { needsBroker: true })]);
  }
}

@Module({
  imports: [TerminusModule.forRoot({ logger: false })],
  providers: [MqHealthIndicator],
  controllers: [HealthController],
  exports: [MqHealthIndicator],
})
class HealthModule {}

const db = useTestDatabase();
closeAfterEach();

/** What terminus answers, also when it throws its 503. */
async function answer(check: () => Promise<{ status: string; details: object }>): Promise<object> {
  try {
    const { status, details } = await check();
    return { status, ...details };
  } catch (error) {
    const { status, details } = (error as { getResponse(): { status: string; details: object } }).getResponse();
    return { status, ...details };
  }
}

it('a broker that is away lets a publisher be ready, and a consumer not; the database alone decides for both; a restart is asked for by neither', async () => {
  const proxy = await FreezableProxy.start(new URL(db.url));
  // Nobody listens there.
  const transport = aliyunHttp({ endpoint: 'http://127.0.0.1:1', accessKeyId: 'a', accessKeySecret: 'b' });
  const topics = { orders: { topic: 'shop_orders' } };
  const app = await bootMq(db, { transport, topics }, { imports: [HealthModule] }, { url: proxy.url });
  const controller = app.get(HealthController);
  try {
    const { mq } = { mq: app.get(MqAdminService) };
    expect(await answer(() => controller.ready())).toEqual({ status: 'ok', mq: { status: 'up' } });
    const { MqProducerService } = await import('nestjs-reliable-mq');
    await app.get(MqProducerService).publish('orders', { payload: 1 }, { transaction: 'own' });
    await eventuallyPasses(async () => expect(await mq.health()).toMatchObject({ status: 'degraded' }));
    const health = await mq.health();
    expect(health.causes).toEqual([
      {
        code: 'broker',
        severity: 'degraded',
        text: expect.stringMatching(
          /^the broker \(.*\) cannot be used \(MQ_BROKER_UNAVAILABLE\).*1 message in the outbox\)$/,
        ),
        since: expect.any(Date),
        waiting: 1,
      },
    ]);
    expect(health.reasons).toEqual([health.causes[0]!.text]);
    expect(await answer(() => controller.ready())).toEqual({ status: 'ok', mq: { status: 'up' } });
    expect(await answer(() => controller.readyToConsume())).toMatchObject({
      status: 'error',
      mq: { status: 'down', reasons: [expect.stringContaining('broker')] },
    });
    proxy.cut();
    await eventuallyPasses(async () =>
      expect(await answer(() => controller.ready())).toMatchObject({
        status: 'error',
        mq: { status: 'down', reasons: [expect.stringContaining('database')] },
      }),
    );
    // One sentence about the database, however many parts of the module have noticed.
    expect((await mq.health()).causes.filter(({ code }) => code === 'database')).toHaveLength(1);
    expect(await answer(() => controller.live())).toEqual({ status: 'ok', mq: { status: 'up' } });
  } finally {
    proxy.restore();
    await app.close();
    await proxy.close();
  }
});
