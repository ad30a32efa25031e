// An application that sends two messages, one after the other, and closes nothing. `argv`: endpoint. Prints what became of each.
import { aliyunHttp } from 'nestjs-reliable-mq/aliyun-http';

const transport = aliyunHttp({ endpoint: process.argv[2], accessKeyId: 'a', accessKeySecret: 'b' });
const names = { topic: 'orders', instanceId: null, tag: null, key: 'k' };
const message = { ...names, body: '{"id":1}', properties: {}, deliverAt: null, orderingKey: null };
const { signal } = new AbortController();
for (let n = 0; n < 2; n++) {
  console.log(
    await transport.send(message, signal).then(
      () => 'sent',
      ({ kind }) => kind,
    ),
  );
}
