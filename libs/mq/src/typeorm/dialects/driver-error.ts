/** What drivers put on their errors. */
export interface DriverError {
  readonly code: string;
  readonly errno: number;
  readonly message: string;
  /** mysql2: the connection cannot be used any more. */
  readonly fatal: boolean;
}

/** The driver's own error, which TypeORM wraps in a `QueryFailedError`. */
export function driverErrorOf(error: unknown): DriverError {
  const outer = (error ?? {}) as Record<string, unknown>;
  const inner = (outer['driverError'] ?? outer) as Record<string, unknown>;
  return {
    code: typeof inner['code'] === 'string' ? inner['code'] : '',
    errno: typeof inner['errno'] === 'number' ? inner['errno'] : 0,
    message: typeof inner['message'] === 'string' ? inner['message'] : '',
    fatal: inner['fatal'] === true,
  };
}

/** Node's codes for a socket that broke or never came to be. */
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
