import type { Socket } from 'node:net';
import type { QueryRunner } from 'typeorm';

/** A connection of `mysql2`, as far as ending it from outside needs it. */
export interface InterruptTarget {
  readonly threadId: number;
  readonly stream: Socket;
  readonly config: object;
}

interface Killer {
  query(sql: string, done: (error: Error | null, rows?: Session[]) => void): unknown;
  on(event: 'error', listener: () => void): unknown;
  destroy(): void;
}

interface Session {
  readonly Id: number | string;
  readonly Host: string;
}

/** The driver library that TypeORM has loaded, which may be another copy than an import would find. */
interface Library {
  readonly Connection: new (options: { config: object }) => Killer;
}

/**
 * Ends a session at the server, and with it its statement and its transaction. On a connection of its own, because
 * those of the pool may all be busy. Not `KILL QUERY`: the next statement in the driver's queue would follow.
 *
 * Sessions are numbered by each server. Behind a load balancer the new connection may reach another server, where that
 * number is another client's session, so the session is ended only if it also comes from this connection's local port.
 */
export function interruptSession(runner: QueryRunner, target: InterruptTarget, signal: AbortSignal): Promise<void> {
  const { threadId, config } = target;
  const from = target.stream.localPort;
  const { Connection } = (runner.connection.driver as unknown as { mysql: Library }).mysql;
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const killer = new Connection({ config });
    const stop = (): void => {
      signal.removeEventListener('abort', stop);
      killer.destroy();
      resolve();
    };
    signal.addEventListener('abort', stop, { once: true });
    killer.on('error', stop);
    killer.query('SHOW PROCESSLIST', (error, sessions = []) => {
      const ours = sessions.some(({ Id, Host }) => Number(Id) === threadId && comesFrom(Host, from));
      if (error || !ours) return stop();
      killer.query(`KILL ${threadId}`, stop);
    });
  });
}

/** Over a Unix socket there is no port and no load balancer: the server calls such a client `localhost`. */
function comesFrom(host: string, port: number | undefined): boolean {
  return port === undefined ? host === 'localhost' : host.endsWith(`:${port}`);
}
