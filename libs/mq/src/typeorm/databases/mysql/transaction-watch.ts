import { MysqlAnswer, type Packet } from './answer.js';
import { allowsSeveral, kindOf } from './commands.js';
import type { Admission, TransactionState, TransactionWatch } from '../transaction-watch.js';
import { unwatchable } from '../unwatchable.js';

type Done = (error: Error | null, result?: unknown) => void;

/** A statement in the queue of `mysql2`. */
interface Command {
  onResult?: Done;
  /** Sends it. A returned `null` ends it without having sent anything. */
  start(packet: Packet | undefined, connection: object): unknown;
}

/** What of a connection of `mysql2` is used here. */
interface Connection {
  readonly config: { readonly clientFlags?: number };
  /** What the next packet answers. */
  readonly _command?: object | null;
  /** While paused, packets are queued and handled again later. */
  readonly _paused?: boolean;
  handlePacket(packet?: Packet): void;
  /** Puts a command into the queue. */
  addCommand(command: object): unknown;
  query(command: Command): unknown;
  readonly constructor: ConnectionClass;
}
interface ConnectionClass {
  createQuery(sql: unknown, values: unknown, done: Done, config: unknown): Command;
}

const watches = new WeakMap<object, MysqlWatch>();

/**
 * Reads the state of the transaction from the answers of MySQL and MariaDB. Errors do not carry it: after one it is unknown,
 * unless it was a deadlock. `mysql2` keeps that state for INSERTs alone, so the packets are read as they come in.
 */
class MysqlWatch implements TransactionWatch {
  state: TransactionState = 'unknown';
  ended = 0;
  commits = 0;
  doubts = 0;
  beforeCommit: (() => void) | null = null;

  constructor(connection: Connection) {
    const answer = new MysqlAnswer();
    const add = connection.addCommand.bind(connection);
    const severalAtOnce = allowsSeveral(connection.config.clientFlags);
    connection.addCommand = (command) => {
      const kind = kindOf(command, severalAtOnce);
      if (kind !== 'harmless') this.beforeCommit?.();
      if (kind === 'commit') this.commits++;
      if (kind === 'unknown') this.doubts++;
      return add(command);
    };
    const handle = connection.handlePacket.bind(connection);
    connection.handlePacket = (packet) => {
      // Before `handle`, which sends the next statement of the queue.
      const told = packet && !connection._paused ? answer.read(packet, connection._command) : null;
      if (told !== null) this.state = told;
      if (told === 'none') this.ended++;
      if (packet?.isError()) this.doubts++;
      handle(packet);
    };
  }
}

export function watchMysql(connection: object): TransactionWatch {
  const known = watches.get(connection);
  if (known) return known;
  const driver = connection as Connection;
  const needed = [driver.handlePacket, driver.addCommand, driver.constructor.createQuery];
  if (needed.some((method) => typeof method !== 'function')) {
    throw unwatchable(
      'the data source does not use `mysql2`',
      "Install mysql2, and set connectorPackage: 'mysql2' where the package mysql is installed as well.",
    );
  }
  const watch = new MysqlWatch(driver);
  watches.set(connection, watch);
  return watch;
}

/** Wraps the connection with a `query` whose statements call `admit` when they leave its queue. */
export function gateMysql(connection: object, admit: Admission): object {
  const driver = connection as Connection;
  const query = (sql: unknown, values: unknown, done: Done): unknown => {
    const command = driver.constructor.createQuery(sql, values, done, driver.config);
    const start = command.start.bind(command);
    command.start = (packet, on) => {
      const refusal = admit();
      if (refusal === null) return start(packet, on);
      command.onResult!(refusal);
      return null;
    };
    return driver.query(command);
  };
  return Object.create(connection, { query: { value: query } }) as object;
}
