import { BUILT } from '../../../support/built.js';
import { Program } from '../../../support/program.js';

/** The built emulator as a process, with any free port; what it printed and how it ends is of interest here. */
export async function startEmulatorProgram(args: string[] = []): Promise<{ program: Program; endpoint: string }> {
  const ready = /^\{"event":"listening","endpoint":"(http:\/\/127\.0\.0\.1:\d+)"\}$/;
  const { program, match } = await Program.start(BUILT.emulator, { args: ['--port', '0', ...args], ready });
  return { program, endpoint: match[1] };
}
