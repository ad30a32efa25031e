/** Why an emulator did not start: `code` for programs, the message for people. */
export class EmulatorError extends Error {
  override readonly name = 'EmulatorError';

  constructor(
    readonly code: 'OPTION_INVALID' | 'PORT_IN_USE' | 'DATA_UNUSABLE' | 'DATA_IN_USE' | 'DATA_DAMAGED' | 'PRODUCTION',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
