import { createHmac, randomUUID } from 'node:crypto';
import type { Metadata } from '@grpc/grpc-js';
import type { Clock } from '../../../core/runtime/clock.js';
import type { RocketmqCredentials } from '../options.js';

/**
 * The generation of the protocol that we speak. Servers read it as a version of RocketMQ, not of this library.
 */
const PROTOCOL_VERSION = '5.0.0';
/** The broker looks it up in an enum and fails on what it does not find; `HTTP` stands for "none of ours" in every version. */
const LANGUAGE = 'HTTP';

/** What goes with every call: who calls, when, and a signature of that time. */
export class CallHeaders {
  /** Seconds are what is signed, so one signature serves all calls of a second. */
  private signed: { readonly dateTime: string; readonly authorization: string } | null = null;

  constructor(
    private readonly create: () => Metadata,
    private readonly credentials: RocketmqCredentials | null,
    private readonly namespace: string,
    private readonly clock: Clock,
  ) {}

  /** The headers of docs/transport of apache/rocketmq-clients. */
  of(clientId: string): Metadata {
    const headers = this.create();
    const dateTime = `${new Date(this.clock.now()).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
    headers.set('x-mq-protocol', 'v2');
    headers.set('x-mq-client-id', clientId);
    headers.set('x-mq-language', LANGUAGE);
    headers.set('x-mq-client-version', PROTOCOL_VERSION);
    headers.set('x-mq-request-id', randomUUID());
    headers.set('x-mq-date-time', dateTime);
    if (this.namespace !== '') headers.set('x-mq-namespace', this.namespace);
    if (this.credentials) {
      if (this.credentials.securityToken) headers.set('x-mq-session-token', this.credentials.securityToken);
      headers.set('authorization', this.authorization(this.credentials, dateTime));
    }
    return headers;
  }

  private authorization({ accessKey, accessSecret }: RocketmqCredentials, dateTime: string): string {
    if (this.signed?.dateTime !== dateTime) {
      const signature = createHmac('sha1', accessSecret).update(dateTime).digest('hex').toUpperCase();
      const authorization = `MQv2-HMAC-SHA1 Credential=${accessKey}, SignedHeaders=x-mq-date-time, Signature=${signature}`;
      this.signed = { dateTime, authorization };
    }
    return this.signed.authorization;
  }
}
