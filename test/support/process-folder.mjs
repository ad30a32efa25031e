import { spawn } from 'node:child_process';
import { mkdtemp, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** @typedef {{ release(): Promise<void> }} FolderGuard `release` does what it would do at the end of this process, now */

const NEEDED_BYTES = 1024 ** 3;
/** RocketMQ deletes files early from 85 %, and refuses messages from 90 %; neither can be turned off. */
const MOST_USED = 0.84;

/**
 * A new folder: in memory if that is large enough (in containers it often is not), else where temporary files go.
 *
 * @param {string} prefix
 */
export async function makeProcessFolder(prefix) {
  const parents = ['/dev/shm', tmpdir()];
  for (const parent of parents) {
    if (!(await hasRoom(parent))) continue;
    try {
      return await mkdtemp(join(parent, prefix));
    } catch {
      // Not ours to write in.
    }
  }
  throw new Error(
    `The server needs a folder with 1 GB free on a disk that is less than 84 % full, and neither of ${parents.join(', ')} is. ` +
      'Make room, or set TMPDIR to another disk',
  );
}
/** @param {string} folder */
async function hasRoom(folder) {
  try {
    const { blocks, bavail, bsize } = await statfs(folder);
    return bavail * bsize >= NEEDED_BYTES && 1 - bavail / blocks <= MOST_USED;
  } catch {
    return false;
  }
}

/**
 * A process that waits for the end of this one, then ends what has its id in a `*.pid` of the folder, and removes the
 * folder. A process of its own, because nothing that runs in this one survives a SIGKILL of it; told by the pipe between
 * them, which the system closes however this one ends.
 *
 * In a group of its own, so that Ctrl-C in a terminal does not end it first.
 *
 * @param {string} folder
 * @returns {FolderGuard}
 */
export function guardProcessFolder(folder) {
  const guard = spawn('sh', ['-c', GUARD, 'process-guard', folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  guard.unref();
  // A pipe, which is a socket.
  /** @type {import('node:net').Socket} */ (guard.stdin).unref();
  guard.stdin.on('error', () => undefined);
  const gone = new Promise((resolve, reject) => guard.once('error', reject).once('exit', resolve));
  gone.catch(() => undefined);
  return {
    /** Does what it would do at the end of this process, now. */
    async release() {
      guard.ref();
      guard.stdin.end();
      await gone;
    },
  };
}

// Waits for each process at most 5 s: one whose parent does not ask for its exit code stays known.
const GUARD = `
cat >/dev/null
for file in "$1"/*.pid; do
  [ -f "$file" ] || continue
  pid=$(cat "$file")
  kill -9 "$pid" || continue
  tries=0
  while kill -0 "$pid" && [ $tries -lt 50 ]; do sleep 0.1; tries=$((tries + 1)); done
done 2>/dev/null
rm -rf -- "$1"
`;
