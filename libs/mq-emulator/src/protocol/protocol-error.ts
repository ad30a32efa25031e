/** The codes of the protocol's `<Error>` documents that this server answers with, and the status of each. */
export const ERROR_STATUS = {
  MessageNotExist: 404,
  TopicNotExist: 404,
  SubscriptionNotExist: 404,
  MissingReceiptHandle: 400,
  InvalidArgument: 400,
  MalformedXML: 400,
  InvalidContent: 400,
  NotSupport: 400,
  InvalidRequestURL: 400,
  InvalidQueryString: 400,
  MissingAuthorizationHeader: 400,
  InvalidAuthorizationHeader: 400,
  MissingDateHeader: 400,
  InvalidDateHeader: 400,
  InvalidDigest: 400,
  InvalidAccessKeyId: 403,
  SignatureDoesNotMatch: 403,
  AccessDenied: 403,
  TimeExpired: 408,
  QpsLimitExceeded: 400,
  TooManyRequests: 429,
  InternalError: 500,
} as const;

export type ErrorCode = keyof typeof ERROR_STATUS;

/** A request that is answered with an `<Error>` document. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  readonly status: number;

  constructor(
    readonly code: ErrorCode,
    message: string,
  ) {
    super(message);
    this.status = ERROR_STATUS[code];
  }
}
