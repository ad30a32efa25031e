// Connects a transport of the library that stands beside this file in a folder of its own. `argv`: the transport, the
// format. Prints `connected`, or what connecting rejected with.
import { createRequire } from 'node:module';

const [, , name, format] = process.argv;
const entry = `nestjs-reliable-mq/${name}`;
const { aliyunHttp, rocketmq } = format === 'cjs' ? createRequire(import.meta.url)(entry) : await import(entry);
const transport = aliyunHttp
  ? aliyunHttp({ endpoint: 'http://127.0.0.1:1', accessKeyId: 'a', accessKeySecret: 'b' })
  : rocketmq({ endpoints: '127.0.0.1:1' });
try {
  await transport.connect();
  console.log('connected');
} catch ({ code, message, details }) {
  console.log(JSON.stringify({ code, message, details }));
} finally {
  await transport.close();
}
