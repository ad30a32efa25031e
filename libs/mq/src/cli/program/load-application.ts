import { readProperty } from '../../core/runtime/read-property.js';
import { UsageError } from '../usage-error.js';

/**
 * What boots an application. With it come Nest and TypeORM, which take a second to load: help and wrong usage do without.
 * @throws {UsageError} outside of an application, where there is no Nest to run commands with
 */
export async function loadApplication(): Promise<typeof import('../boot/booted-application.js')> {
  try {
    return await import('../boot/booted-application.js');
  } catch (error) {
    if (!['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'].includes(String(readProperty(error, 'code')))) throw error;
    const [missing] = String(readProperty(error, 'message')).split(/ imported from |\n/);
    throw new UsageError(
      `${missing}. Commands run in the folder of an application, where that is installed; without it there is only: mq emulator`,
    );
  }
}
