import { readProperty } from '../../core/runtime/read-property.js';

/** The properties of a driver's error. */
interface DriverError {
  readonly code: string;
  readonly errno: number;
  readonly message: string;
  /** mysql2: the connection cannot be used any more. */
  readonly fatal: boolean;
}

/** The driver's own error, which TypeORM wraps in a `QueryFailedError`. Works for any value that a handler may throw. */
export function driverErrorOf(error: unknown): DriverError {
  const inner = readProperty(error, 'driverError') ?? error;
  const [code, errno, message, fatal] = ['code', 'errno', 'message', 'fatal'].map((key) => readProperty(inner, key));
  return {
    code: typeof code === 'string' ? code : '',
    errno: typeof errno === 'number' ? errno : 0,
    message: typeof message === 'string' ? message : '',
    fatal: fatal === true,
  };
}

/** Node's codes for a socket that broke or could not connect. */
export const SOCKET_CODES: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);
