// An application that gives a publish up in the turn in which it asked for it. What was begun for it (a connection, a
// route) fails afterwards, when nobody waits for it any more. `argv`: an endpoint where nobody listens.
import { rocketmq } from 'nestjs-reliable-mq/rocketmq';
import { message } from './message.mjs';

const transport = rocketmq({ endpoints: process.argv[2], connectTimeout: '1s', requestTimeout: '1s' });
const caller = new AbortController();
const publishing = transport.send(message, caller.signal);
caller.abort();
console.log(await publishing.then(() => 'sent').catch(({ kind }) => kind));
await transport.close();
console.log('closed');
