import type { MqCliApp } from './boot/app-source.js';
import { runProgram } from './program/run-program.js';

/**
 * The commands of this package on an application, as a program of its own: reads the command line, boots the application without
 * what the command does not need, and ends the process with the command's exit code.
 *
 * @param app the root module, or a function that makes it
 * @param argv the command line without the program's own name; that of this process unless given
 * @example
 * // cli.ts, compiled and run as: node dist/cli.js status
 * import { runMqCli } from 'nestjs-reliable-mq/cli';
 * import { AppModule } from './app.module.js';
 *
 * await runMqCli(AppModule);
 */
export async function runMqCli(app: MqCliApp, argv: readonly string[] = process.argv.slice(2)): Promise<void> {
  await runProgram({ argv, findApp: () => Promise.resolve(app), isPackageProgram: false });
}
