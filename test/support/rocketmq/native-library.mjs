import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const JAR = /rocksdb.*\.jar$/;
const READ_ONLY = new Set(['EACCES', 'EPERM', 'EROFS']);

/**
 * The folder with the native part of RocksDB, unpacked once beside the jars; `null` where it cannot be, for want of `jar`
 * or of a right to write there.
 * Without it each JVM unpacks its own into the temporary folder, and leaves 12 MB there whenever it is killed.
 *
 * @param {string} lib the folder of the jars
 */
export function nativeLibrary(lib) {
  const folder = join(lib, 'native');
  if (existsSync(folder)) return folder;
  const jar = readdirSync(lib).find((name) => JAR.test(name));
  if (!jar) return null;
  let work;
  try {
    work = mkdtempSync(`${folder}.unpacking-`);
    const { status } = spawnSync(
      'jar',
      ['xf', join(lib, jar), 'librocksdbjni-linux64.so', 'librocksdbjni-linux-aarch64.so'],
      {
        cwd: work,
        stdio: 'ignore',
      },
    );
    if (status !== 0 || readdirSync(work).length === 0) return null;
    renameSync(work, folder);
    return folder;
  } catch (error) {
    // Another process was quicker.
    if (existsSync(folder)) return folder;
    if (READ_ONLY.has(error.code)) return null;
    throw error;
  } finally {
    if (work) rmSync(work, { recursive: true, force: true });
  }
}
