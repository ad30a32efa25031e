import type { DialectErrors } from '../dialect-errors.js';
import { driverErrorOf, SOCKET_CODES } from '../driver-error.js';

/** Serialization failure, deadlock, lock not available. */
const CONTENTION: ReadonlySet<string> = new Set(['40001', '40P01', '55P03']);
/** Server shut down or starting; 08 is the class of connection errors. */
const LOST = /^(08...|57P0[123])$/;

export const postgresErrors: DialectErrors = {
  isContention: (error) => CONTENTION.has(driverErrorOf(error).code),
  // 22 is the class of data exceptions.
  isUnstorable: (error) => driverErrorOf(error).code.startsWith('22'),
  isConnectionLost(error) {
    const { code, message } = driverErrorOf(error);
    // `pg` reports a socket that the other side closed without any code.
    return LOST.test(code) || SOCKET_CODES.has(code) || /^Connection terminated|not queryable/.test(message);
  },
};
