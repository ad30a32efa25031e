/** Thrown by a handler of the scripted proxy: the call ends with an error of gRPC itself. */
export class GrpcFailure extends Error {
  constructor(
    readonly code: number,
    readonly details: string,
  ) {
    super(details);
  }
}

/** What a handler answers with that never answers. */
export function hang(): Promise<never> {
  return new Promise(() => undefined);
}
