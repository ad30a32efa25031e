import type { Duplex } from 'node:stream';

/** A client of `pg`, as far as a cancel request needs it. */
export interface InterruptTarget {
  readonly host: string;
  readonly port: number;
  readonly ssl: unknown;
  readonly sslNegotiation?: string;
  readonly processID: number | null;
  readonly secretKey: number | null;
  /** The driver's side of the protocol. Its class is at hand through it; `pg` itself may be a copy of TypeORM's. */
  readonly connection?: { readonly constructor: unknown; readonly stream: Duplex };
}

type ConnectionClass = new (options: object) => {
  connect(port: number | string, host?: string): void;
  cancel(processId: number, secretKey: number): void;
  end(): void;
  once(event: string, listener: () => void): void;
  on(event: 'error', listener: () => void): void;
  readonly stream: { destroy(): void };
};

/**
 * Sends the protocol's cancel request: a connection that carries only the key which the server gave this session.
 * Not `pg_cancel_backend()`: that needs a free connection, and behind a pooler the number of the process is not the
 * server's. Resolves when the server has read it, or it cannot be reached, or `signal` aborts.
 */
export function interruptStatement(client: InterruptTarget, signal: AbortSignal): Promise<void> {
  const { host, port, ssl, sslNegotiation, processID, secretKey } = client;
  const Connection = client.connection?.constructor as ConnectionClass | undefined;
  if (!Connection || processID === null || secretKey === null || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const connection = new Connection({ ssl, sslNegotiation });
    const stop = (): void => {
      signal.removeEventListener('abort', stop);
      connection.stream.destroy();
      resolve();
    };
    const ask = (): void => connection.cancel(processID, secretKey);
    signal.addEventListener('abort', stop, { once: true });
    connection.on('error', stop);
    // The server answers by closing the connection.
    connection.once('end', stop);
    connection.once(ssl ? 'sslconnect' : 'connect', ask);
    if (host.startsWith('/')) connection.connect(`${host}/.s.PGSQL.${port}`);
    else connection.connect(port, host);
  });
}
