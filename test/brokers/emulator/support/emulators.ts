import { type Emulator, type EmulatorOptions, startEmulator } from 'nestjs-reliable-mq-emulator';
import { MQClient, type SdkClient } from '../../../support/transport/node-sdk.js';

const running: Emulator[] = [];

/** Starts an emulator that ends with the test. */
export async function startForTest(options: EmulatorOptions = {}): Promise<Emulator & { client: SdkClient }> {
  const emulator = await startEmulator(options);
  running.push(emulator);
  return { ...emulator, client: new MQClient(emulator.endpoint, 'test', 'test') };
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((emulator) => emulator.close()));
});
