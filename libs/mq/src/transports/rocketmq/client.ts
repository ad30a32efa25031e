import type { Metadata } from '@grpc/grpc-js';
import type { ResolvedRocketmqOptions } from './options.js';
import { loadPeers } from './peers.js';
import type { Resource } from './protocol/generated.js';
import { AvoidedBrokers } from './routes/avoided-brokers.js';
import type { Queue } from './routes/route.js';
import { RouteTable } from './routes/route-table.js';
import { PROFILES } from './profile.js';
import { preparationMs } from './send/preparation-ms.js';
import { SendCalls } from './send/send-calls.js';
import { Sends } from './send/sends.js';
import { Sessions } from './session/sessions.js';
import { CallHeaders } from './wire/call-headers.js';
import { Connections } from './wire/connections.js';

/** What one connected transport consists of: connections, routes, sessions, and what is on its way. */
export class RocketmqClient {
  readonly connections: Connections;
  readonly routes: RouteTable;
  readonly sessions: Sessions;
  readonly avoided: AvoidedBrokers;
  readonly sends: Sends;
  private readonly callHeaders: CallHeaders;
  private readonly over = new AbortController();

  static async connect(options: ResolvedRocketmqOptions): Promise<RocketmqClient> {
    return new RocketmqClient(await loadPeers(), options);
  }

  private constructor(
    peers: Awaited<ReturnType<typeof loadPeers>>,
    private readonly options: ResolvedRocketmqOptions,
  ) {
    const { clock, credentials, namespace, tls, accessPoints, connectTimeoutMs } = options;
    this.callHeaders = new CallHeaders(() => new peers.grpc.Metadata(), credentials, namespace, clock);
    this.avoided = new AvoidedBrokers(clock);
    this.connections = new Connections(peers, tls, clock);
    this.sessions = new Sessions(options, (clientId) => this.headers(clientId));
    this.routes = new RouteTable({
      accessPoints,
      timeoutMs: connectTimeoutMs,
      clock,
      signal: this.over.signal,
      connection: (endpoint) => this.connections.to(endpoint),
      resource: (topic) => this.resource(topic),
      headers: () => this.headers(`${this.sessions.instance}@routes`),
    });
    const calls = new SendCalls({
      connections: this.connections,
      routes: this.routes,
      clock,
      preparationMs: preparationMs(options),
      requestTimeoutMs: options.requestTimeoutMs,
      headers: (clientId) => this.headers(clientId),
      resource: (topic) => this.resource(topic),
    });
    this.sends = new Sends(calls, PROFILES[options.profile].lists, clock);
  }

  headers(clientId: string): Metadata {
    return this.callHeaders.of(clientId);
  }

  resource(name: string): Resource & { readonly name: string } {
    return { resourceNamespace: this.options.namespace, name };
  }

  /** Whether a message that may go elsewhere should: its server, or the broker behind that, failed lately. */
  isDoubtful({ endpoint, takenBy }: Queue): boolean {
    return this.connections.to(endpoint).isDoubtful || this.avoided.has(takenBy);
  }

  async close(): Promise<void> {
    this.over.abort();
    await this.sessions.close();
    this.connections.close();
  }
}
