import type { Credentials } from './credentials.js';
import type { MqHttpSdk, SdkClient, SignedRequest } from '../peers.js';

/** Calls one method of the SDK with the client it is given. */
export type ShapeRequest = (sdk: MqHttpSdk, client: SdkClient) => Promise<unknown>;

type CapturingClient = new (credentials: Credentials) => SdkClient & { readonly captured: SignedRequest | null };

/**
 * RequestSigner lets the SDK shape and sign a request, and keeps it from sending.
 *
 * The SDK's own `request` cannot be trusted with the wire: it reports a 502, an HTML page or a redirect as success,
 * sends with an unbounded number of sockets, reads answers of any size, cannot be aborted, and prints `Authorization`
 * under `DEBUG=mq:*`. It is also half of the cost of a send. Everything in the SDK goes through that one method, so
 * a client that overrides it is enough.
 *
 * A client lives for one request. It is three fields, and this is how a signal, a deadline and rotating credentials get
 * past an API that has no room for them.
 */
export class RequestSigner {
  private readonly Client: CapturingClient;

  constructor(
    private readonly sdk: MqHttpSdk,
    endpoint: string,
  ) {
    this.Client = class extends sdk.MQClient {
      captured: SignedRequest | null = null;

      constructor({ accessKeyId, accessKeySecret, securityToken }: Credentials) {
        super(endpoint, accessKeyId, accessKeySecret, securityToken);
      }

      override request(
        method: SignedRequest['method'],
        path: string,
        _type: string,
        body: Buffer | '',
      ): Promise<unknown> {
        this.captured = { method, path, headers: this.buildHeaders(method, body, path), body };
        // An answer that every method of the SDK gets through: it iterates over `Message`, and reads `Error`.
        return Promise.resolve({ code: 0, body: { Message: [], Error: [] } });
      }
    };
  }

  async sign(credentials: Credentials, shape: ShapeRequest): Promise<SignedRequest> {
    const client = new this.Client(credentials);
    await shape(this.sdk, client);
    if (!client.captured) throw new Error('@aliyunmq/mq-http-sdk made no request; is it version 1.0.4?');
    return client.captured;
  }
}
