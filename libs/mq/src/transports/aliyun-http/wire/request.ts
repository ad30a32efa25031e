import type { OutboundMessage, SubscriptionSpec } from '../../../core/transport/transport.js';
import type { Credentials } from './credentials.js';

/** Whose messages: topic and group, of the instance that counts. */
export type Subscriber = Pick<SubscriptionSpec, 'instanceId' | 'topic' | 'groupId'>;

/** One call of the protocol. */
export type Call =
  | { readonly kind: 'publish'; readonly message: OutboundMessage; readonly instanceId: string | null }
  | { readonly kind: 'poll'; readonly spec: SubscriptionSpec; readonly max: number; readonly waitSeconds: number }
  | { readonly kind: 'acknowledge'; readonly spec: Subscriber; readonly handles: readonly string[] };

/** A call as HTTP, before it is signed. */
export interface ShapedRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Path and query exactly as signed. */
  readonly path: string;
  readonly body: string;
}

/** A request as it goes to the broker. */
export interface SignedRequest extends ShapedRequest {
  readonly headers: Readonly<Record<string, string>>;
}

/** Makes a request of a call. What it throws is an error of our own, and nothing was sent. */
export interface RequestMaker {
  make(call: Call, credentials: Credentials): SignedRequest | Promise<SignedRequest>;
}
