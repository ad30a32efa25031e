/** What an error of the driver, or of TypeORM around one, says. */
export interface DialectErrors {
  /** Another transaction was in the way: lock timeout, deadlock, serialization failure. The same work may succeed at once. */
  isContention(error: unknown): boolean;
  /** The connection broke, or could not be made. Whether the statement took effect is unknown. */
  isConnectionLost(error: unknown): boolean;
  /** A value of the statement fits into no column of its kind: out of range, too long, characters that the database has not. */
  isUnstorable(error: unknown): boolean;
}
