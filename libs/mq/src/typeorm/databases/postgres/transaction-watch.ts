import { mayCommit } from './commands.js';
import type { Admission, TransactionState, TransactionWatch } from '../transaction-watch.js';
import { unwatchable } from '../unwatchable.js';

type Status = 'I' | 'T' | 'E';

/** The messages of the protocol that are followed, by the names that `pg` gives them. */
interface Answers {
  readyForQuery: (answer: { status: Status }) => void;
  commandComplete: (answer: { text: string }) => void;
  errorMessage: () => void;
}

/** What of a client of `pg` is used here. */
interface Client {
  readonly connection: {
    prependListener<Name extends keyof Answers>(event: Name, listener: Answers[Name]): unknown;
  };
  readonly pipeline?: boolean;
  /** Since pg 8.20. Before, the state of a connection is unknown until its first answer. */
  getTransactionStatus?(): Status | null;
  query(query: Submittable, ...rest: unknown[]): unknown;
}

interface Submittable {
  readonly text?: unknown;
  /** Called when the statement leaves the queue. A returned error fails the statement before anything is sent. */
  submit(connection: unknown): Error | null;
}
type QueryClass = new (
  text: string,
  values: unknown,
  done: (error: Error | null, result: unknown) => void,
) => Submittable;

const STATES: Readonly<Record<Status, TransactionState>> = { I: 'none', T: 'open', E: 'open' };
const watches = new WeakMap<object, PostgresWatch>();

/**
 * Tags of statements that begin, end or undo a transaction or a part of one. The tag is what the server did: of a COMMIT in an
 * aborted transaction it is ROLLBACK, and that of a rollback to a savepoint is ROLLBACK as well. (PostgreSQL, "Message Formats",
 * CommandComplete, and the tags of its `cmdtaglist.h`.)
 */
const ENDS_OR_UNDOES = /^(?:BEGIN|START TRANSACTION|COMMIT|ROLLBACK|PREPARE TRANSACTION)\b/;

/** Reads the state of the transaction from ReadyForQuery, with which each answer of PostgreSQL ends. */
class PostgresWatch implements TransactionWatch {
  state: TransactionState;
  ended = 0;
  commits = 0;
  doubts = 0;
  beforeCommit: (() => void) | null = null;

  constructor(client: Client) {
    const status = client.getTransactionStatus?.() ?? null;
    this.state = status === null ? 'unknown' : STATES[status];
    // Before the client's own listener, which sends the next statement of the queue.
    client.connection.prependListener('readyForQuery', (answer) => {
      this.state = STATES[answer.status];
      if (this.state === 'none') this.ended++;
    });
    client.connection.prependListener('commandComplete', ({ text }) => {
      if (text === 'COMMIT') this.commits++;
      else if (ENDS_OR_UNDOES.test(text)) this.doubts++;
    });
    client.connection.prependListener('errorMessage', () => this.doubts++);
    const query = client.query.bind(client);
    client.query = (first, ...rest) => {
      if (this.beforeCommit !== null && mayCommit(first)) this.beforeCommit();
      return query(first, ...rest);
    };
  }
}

export function watchPostgres(connection: object): TransactionWatch {
  const known = watches.get(connection);
  if (known) return known;
  const client = connection as Client;
  if (typeof client.connection?.prependListener !== 'function') {
    throw unwatchable(
      'the data source does not use the JavaScript client of `pg`',
      'Install pg, and leave nativeDriver out of the options of the data source.',
    );
  }
  if (client.pipeline) {
    throw unwatchable(
      'the data source sends statements before those before them are answered (extra.pipeline of `pg`)',
      'Leave pipeline out of the options of the data source.',
    );
  }
  const watch = new PostgresWatch(client);
  watches.set(connection, watch);
  return watch;
}

/** Wraps the client with a `query` whose statements call `admit` when they leave its queue. */
export function gatePostgres(connection: object, admit: Admission): object {
  const client = connection as Client;
  const { Query } = client.constructor as unknown as { Query: QueryClass };
  const query = (text: string, values: unknown): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const statement = new Query(text, values, (error, result) => (error ? reject(error) : resolve(result)));
      const submit = statement.submit.bind(statement);
      statement.submit = (wire) => admit() ?? submit(wire);
      client.query(statement);
    });
  return Object.create(connection, { query: { value: query } }) as object;
}
