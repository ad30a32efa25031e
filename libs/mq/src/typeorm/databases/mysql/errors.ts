import type { DialectErrors } from '../dialect-errors.js';
import { driverErrorOf, SOCKET_CODES } from '../driver-error.js';

/** Deadlock, lock wait timeout, row changed under a snapshot (MariaDB's `innodb_snapshot_isolation`). */
const CONTENTION: ReadonlySet<number> = new Set([1213, 1205, 1020]);
/** Out of range, not of this character set (three ways), too long, not comparable. */
const UNSTORABLE: ReadonlySet<number> = new Set([1264, 1366, 1300, 3988, 1406, 1267]);
/** Shutdown, connection killed, idle for too long. */
const LOST: ReadonlySet<number> = new Set([1053, 1927, 3169, 4031]);

export const mysqlErrors: DialectErrors = {
  isContention: (error) => CONTENTION.has(driverErrorOf(error).errno),
  isUnstorable: (error) => UNSTORABLE.has(driverErrorOf(error).errno),
  isConnectionLost(error) {
    const { code, errno, fatal, message } = driverErrorOf(error);
    return (
      fatal ||
      LOST.has(errno) ||
      SOCKET_CODES.has(code) ||
      code.startsWith('PROTOCOL_') ||
      message.includes('closed state')
    );
  },
};

/** A row with this key exists. */
export function isDuplicateKey(error: unknown): boolean {
  return driverErrorOf(error).errno === 1062;
}
