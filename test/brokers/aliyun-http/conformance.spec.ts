import { aliyunHttp } from 'nestjs-reliable-mq/aliyun-http';
import { transportConformance } from 'nestjs-reliable-mq/spi';
import { startEmulator } from 'nestjs-reliable-mq-emulator';

const keys = { accessKeyId: 'test', accessKeySecret: 'test' };

transportConformance('aliyun-http against the emulator', async () => {
  const emulator = await startEmulator({ invisible: '2s', invisibleOrdered: '2s' });
  return {
    transport: aliyunHttp({ endpoint: emulator.endpoint, instanceId: 'MQ_INST_1', ...keys }),
    leaseMs: 2_000,
    unreachable: () => aliyunHttp({ endpoint: 'http://127.0.0.1:1', ...keys }),
    close: () => emulator.close(),
  };
});
