import type { RocketmqAddresses } from './rocketmq-admin.mjs';

export function offerRocketmq(): Promise<{ url: string; stop(): Promise<void> }>;
export function askForRocketmq(url: string): Promise<RocketmqAddresses>;
