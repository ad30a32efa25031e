import { ConsoleLogger, type LogLevel } from '@nestjs/common';

/** Nest's own logger for an application that boots for a command. What ends the boot is told by the command itself. */
export class CommandLogger extends ConsoleLogger {
  /** @param chatty for commands that run on: they log as the application does */
  constructor(chatty: boolean) {
    const levels: LogLevel[] = ['warn', 'error', 'fatal'];
    super({
      logLevels: chatty ? ['log', ...levels] : levels,
      colors: process.stderr.isTTY && !process.env['NO_COLOR'],
    });
  }

  override error(message: unknown, ...rest: unknown[]): void {
    if (rest.at(-1) === 'ExceptionHandler') return;
    super.error(message, ...rest);
  }
}
