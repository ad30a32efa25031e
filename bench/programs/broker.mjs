// The emulator in a process of its own. It stands for the real thing, and must not take processor time that is counted as ours.
import { startEmulator } from 'nestjs-reliable-mq-emulator';

const { endpoint } = await startEmulator();
console.log(endpoint);
