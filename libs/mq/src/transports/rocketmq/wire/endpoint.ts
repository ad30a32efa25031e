import { isIP } from 'node:net';
import type { Endpoints, EndpointsReceived } from '../protocol/generated.js';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/**
 * Where a proxy listens. Several addresses are several ways to the same server, tried in turn; only IP addresses can be
 * several, because gRPC resolves one name.
 */
export interface Endpoint {
  /** `a:1;b:2`. Equal keys share one connection: routes are read again and again, and name the same servers. */
  readonly key: string;
  readonly addresses: readonly Address[];
}

/** `host:port`, `1.2.3.4:8081`, `[::1]:8081`. The port is never guessed. */
const ADDRESS = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/;

/** IP addresses become one endpoint, each name one of its own; what cannot be read is told by the second part. */
export function parseEndpoints(texts: readonly string[]): [Endpoint[], string[]] {
  const addresses: Address[] = [];
  const wrong: string[] = [];
  for (const text of texts) {
    const [, ipv6, name, digits] = ADDRESS.exec(text) ?? [];
    const host = ipv6 ?? name;
    const port = Number(digits);
    if (host === undefined || port < 1 || port > 65_535 || (ipv6 !== undefined && isIP(ipv6) !== 6)) {
      // Whoever wrote more than that may have written a password.
      wrong.push(
        `'${text.includes('@') ? '***' : text}' is no host and port, like 'mq.internal:8081'; no scheme, no path`,
      );
    } else addresses.push({ host, port });
  }
  return [endpointsOf(addresses), wrong];
}

export function endpointsOf(addresses: readonly Address[]): Endpoint[] {
  const byKind = [4, 6].map((kind) => addresses.filter(({ host }) => isIP(host) === kind));
  const names = addresses.filter(({ host }) => isIP(host) === 0).map((address) => [address]);
  return [...byKind, ...names].filter((list) => list.length > 0).map(toEndpoint);
}

/** What a route says; `null` when it names nothing. */
export function readEndpoint(received: EndpointsReceived | null | undefined): Endpoint | null {
  return endpointsOf(received?.addresses ?? [])[0] ?? null;
}

/** As the protocol wants to see it. */
export function writeEndpoint({ addresses }: Endpoint): Endpoints {
  const kind = isIP(addresses[0]!.host);
  return { scheme: kind === 4 ? 'IPv4' : kind === 6 ? 'IPv6' : 'DOMAIN_NAME', addresses: [...addresses] };
}

/** As gRPC wants to see it (doc/naming of grpc/grpc). */
export function grpcTarget({ addresses }: Endpoint): string {
  const kind = isIP(addresses[0]!.host);
  const list = addresses.map(show).join(',');
  return kind === 0 ? `dns:///${list}` : `ipv${kind}:${list}`;
}

function toEndpoint(addresses: readonly Address[]): Endpoint {
  return { key: addresses.map(show).join(';'), addresses };
}

function show({ host, port }: Address): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}
