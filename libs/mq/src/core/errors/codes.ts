/**
 * Every code that an {@link MqError} can carry, with what it means in one sentence.
 *
 * Codes are stable: branch on `error.code`, never on the message. The page `docs/reference/errors.md` explains each
 * one, and a test compares that page with this table in both directions.
 */
export const MQ_ERROR_CODES = {
  MQ_CONFIG_INVALID: 'The configuration has problems; the message lists all of them with their paths.',
  MQ_UNKNOWN_TOPIC: 'No topic is configured under this alias.',
  MQ_UNKNOWN_GROUP: 'No consumer group is configured under this alias.',
  MQ_UNKNOWN_CONNECTION: 'No MqModule with this connection name is part of the application.',
  MQ_DUPLICATE_HANDLER: 'Two handlers want the same messages of one topic and group.',
  MQ_HANDLER_INVALID: 'A decorator of this module stands where it can do nothing.',
  MQ_DUPLICATE_CONNECTION: 'Two MqModules share a connection name or a set of tables.',
  MQ_DUPLICATE_PACKAGE: 'TypeORM or Nest is installed twice; this module and the application use a copy each.',
  MQ_ENTITIES_MISSING: 'The data source does not know the entities of this module.',
  MQ_DATABASE_SETTINGS: 'The database, or the connection to it, is set up so that messages would be damaged or lost.',
  MQ_CONNECTION_RENAMED:
    'The tables of this connection would be new ones because its name is; the old ones are still there.',
  MQ_SCHEMA_FOREIGN: "Tables with the names of ours exist and are somebody else's.",
  MQ_SCHEMA_OUTDATED: 'The tables of this module are missing or older than this version needs.',
  MQ_PEER_MISSING:
    'An optional package that this configuration needs is not installed, or in a version that does not work.',
  MQ_TRANSACTION_REQUIRED: 'publish() was called without a transaction to join.',
  MQ_TRANSACTION_MISMATCH: 'The given manager belongs to another data source, or was released already.',
  MQ_TRANSACTION_OPEN: 'sent() was awaited before the transaction ended.',
  MQ_TRANSACTION_CLOSED: 'The transaction that publish() would have joined has ended already.',
  MQ_TRANSACTION_ROLLED_BACK: 'The transaction was rolled back, so the messages never existed.',
  MQ_PAYLOAD_TOO_LARGE: 'The encoded payload is larger than the broker accepts.',
  MQ_PAYLOAD_INVALID:
    'The payload cannot be encoded or decoded, carries what the wire cannot, does not fit its schema, or a pipe refused it.',
  MQ_MESSAGE_INVALID: 'A field of the message, or a combination of options, is not allowed.',
  MQ_BROKER_UNAVAILABLE: 'The broker cannot be reached.',
  MQ_BROKER_AUTH: 'The broker refuses the credentials.',
  MQ_BROKER_THROTTLED: 'The broker asks to slow down.',
  MQ_BROKER_REJECTED: 'The broker refuses this message, topic or group.',
  MQ_TRANSPORT_DEFECT: 'The transport, or the package that it uses, failed by itself before anything was sent.',
  MQ_OUTCOME_UNKNOWN: 'Nobody can tell whether the broker took the message; it is sent again.',
  MQ_HANDLER_TIMEOUT: 'A handler did not return within its timeout.',
  MQ_HANDLER_FAILED: 'A handler threw, or left its transaction unable to commit.',
  MQ_LISTENER_FAILED: 'A method under @OnMqEvent() threw.',
  MQ_DATABASE_UNAVAILABLE: 'The database cannot be reached, or refused the statement.',
  MQ_DEAD_LETTERED: 'The broker gave the message up; it was parked from the dead letters.',
  MQ_HALF_DONE: 'A part of what a handler did was committed, and then the attempt failed.',
  MQ_ID_CONFLICT: 'A message has the id of another one, and a different body.',
  MQ_FORBIDDEN: 'A guard refused the message.',
  MQ_TEST_TIMEOUT: 'What a test waited for did not happen in time; the message lists what did happen.',
  MQ_TEST_MISUSE: 'The testing kit was asked for something that it cannot do in this application.',
  MQ_UNMATCHED: 'No handler of the group takes messages with this tag.',
} as const;

export type MqErrorCode = keyof typeof MQ_ERROR_CODES;
