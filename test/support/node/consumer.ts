import type { Type } from '@nestjs/common';
import { MqConsumer, type MqContext, type MqHandler, type MqMessage } from 'nestjs-reliable-mq';

export type Handle = (message: MqMessage, context: MqContext) => unknown;

/** A consumer whose work the test supplies. Each call makes a class of its own, as an application would have. */
export function consumer(topic: string, group: string, work: Handle): Type {
  @MqConsumer(topic, group)
  class Consumer implements MqHandler {
    handle(message: MqMessage, context: MqContext): unknown {
      return work(message, context);
    }
  }
  return Consumer;
}

/** A step of a test that somebody waits at until the test lets them pass. */
export function gate(): { readonly reached: Promise<void>; readonly pass: Promise<void>; reach(): void; open(): void } {
  let reach!: () => void;
  let open!: () => void;
  const reached = new Promise<void>((resolve) => (reach = resolve));
  const pass = new Promise<void>((resolve) => (open = resolve));
  return { reached, pass, reach, open };
}
