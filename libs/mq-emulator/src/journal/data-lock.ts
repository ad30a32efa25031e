import { createHash } from 'node:crypto';
import { realpathSync, rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmulatorError } from '../emulator-error.js';

/** Holds a data folder for this process. */
export interface DataLock {
  release(): Promise<void>;
}

/**
 * Makes sure that one process uses a data folder.
 *
 * The lock is a local socket named after the folder, not a file with a process id: the operating system takes it away
 * when the process dies, however it dies, and no id of a process that has long been another one can be mistaken for it.
 * Whoever connects is told the process id of the holder.
 *
 * @throws EmulatorError `DATA_IN_USE`
 */
export async function lockData(folder: string): Promise<DataLock> {
  const address = addressOf(realpathSync(folder));
  try {
    return await hold(address);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
  }
  const holder = await holderOf(address);
  if (holder !== undefined) {
    throw new EmulatorError(
      'DATA_IN_USE',
      `The data folder ${folder} is in use by another emulator (process ${holder}); stop it or choose another folder.`,
    );
  }
  // Only where the address is a file can it outlive its process.
  rmSync(address, { force: true });
  return hold(address);
}

function addressOf(path: string): string {
  const name = `mq-emulator-${createHash('sha256').update(path).digest('hex').slice(0, 32)}`;
  if (process.platform === 'linux') return `\0${name}`;
  if (process.platform === 'win32') return `\\\\.\\pipe\\${name}`;
  return join(tmpdir(), `${name}.sock`);
}

function hold(address: string): Promise<DataLock> {
  return new Promise((resolve, reject) => {
    const server: Server = createServer((socket) => {
      socket.on('error', () => {});
      socket.end(String(process.pid));
    });
    server.once('error', reject);
    server.listen(address, () => {
      server.unref();
      resolve({ release: () => new Promise((done) => server.close(() => done())) });
    });
  });
}

/** The process that holds the lock, `undefined` when nobody does any more. */
function holderOf(address: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(address);
    let answer = '';
    socket.setTimeout(1_000, () => socket.destroy());
    socket.on('data', (chunk) => (answer += chunk.toString('latin1')));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code === 'ECONNREFUSED' ? undefined : 'unknown'),
    );
    socket.on('close', () => resolve(answer || 'unknown'));
  });
}
