import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const JAR = /rocksdb.*\.jar$/;

/**
 * The folder with the native part of RocksDB, unpacked once beside the jars; `null` where it cannot be, for want of `jar`.
 * Without it each JVM unpacks its own into the temporary folder, and leaves 12 MB there whenever it is killed.
 *
 * @param {string} lib the folder of the jars
 */
export function nativeLibrary(lib) {
  const folder = join(lib, 'native');
  if (existsSync(folder)) return folder;
  const jar = readdirSync(lib).find((name) => JAR.test(name));
  if (!jar) return null;
  const work = mkdtempSync(`${folder}.unpacking-`);
  try {
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
    throw error;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
