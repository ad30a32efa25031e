// An application with the SDK that handles orders and publishes a receipt for each. Prints a line of JSON for each span that ends.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { MqConsumer, MqModule, MqProducerService } from 'nestjs-reliable-mq';
import { aliyunHttp } from 'nestjs-reliable-mq/aliyun-http';
import { MqOpenTelemetryModule } from 'nestjs-reliable-mq/otel';
import { rocketmq } from 'nestjs-reliable-mq/rocketmq';

const { DATABASE_URL = '', TRANSPORT = '', ENDPOINT = '', NAMES = '{}' } = process.env;
/** What the broker calls topics and groups. */
const { topics, groups } = JSON.parse(NAMES);

const exporter = {
  /**
   * @param {import('@opentelemetry/sdk-trace-node').ReadableSpan[]} spans
   * @param {(result: { code: number }) => void} done
   */
  export: (spans, done) => {
    for (const span of spans) {
      const { traceId, spanId, traceState } = span.spanContext();
      const parent = span.parentSpanContext?.spanId;
      console.log(JSON.stringify({ span: span.name, traceId, spanId, parent, tracestate: traceState?.serialize() }));
    }
    done({ code: 0 });
  },
  shutdown: () => Promise.resolve(),
};
new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register();

/** @type {import('nestjs-reliable-mq').MqProducerService} */
let mq;
class Handler {
  /**
   * @param {import('nestjs-reliable-mq').MqMessage} _message
   * @param {import('nestjs-reliable-mq').MqContext} context
   */
  async handle(_message, { manager }) {
    await mq.publish('receipts', { payload: 1 }, { manager });
  }
}
MqConsumer('orders', 'stock')(Handler);

class App {}
Module({
  imports: [
    TypeOrmModule.forRoot({ type: 'postgres', url: DATABASE_URL, autoLoadEntities: true, retryAttempts: 0 }),
    MqModule.forRoot({
      transport:
        TRANSPORT === 'rocketmq'
          ? rocketmq({ endpoints: ENDPOINT })
          : aliyunHttp({ endpoint: ENDPOINT, accessKeyId: 'test', accessKeySecret: 'test', identity: 'traced' }),
      topics,
      groups,
      role: 'worker',
      log: { logger: { log: () => undefined, warn: () => undefined, error: () => undefined } },
    }),
    MqOpenTelemetryModule.forRoot(),
  ],
  providers: [Handler],
})(App);

const app = await NestFactory.createApplicationContext(App, { logger: ['error'] });
app.enableShutdownHooks();
mq = app.get(MqProducerService);
console.log('ready');
