import type { ModulesContainer } from '@nestjs/core';
import { MqError } from '../../core/errors/mq-error.js';
import { runtimesOf } from './runtimes-of.js';

interface Asking {
  /** For the error message. */
  readonly name: string;
  readonly connection: string;
}

/**
 * @param decorator that names the connection
 * @throws {MqError} `MQ_UNKNOWN_CONNECTION`
 */
export function refuseUnknownConnections(modules: ModulesContainer, found: readonly Asking[], decorator: string): void {
  const known = runtimesOf(modules).map(({ connection }) => connection);
  for (const { name, connection } of found) {
    if (known.includes(connection)) continue;
    throw new MqError(
      'MQ_UNKNOWN_CONNECTION',
      `${name} belongs to the connection '${connection}', but no MqModule has that name. Known: ${known.join(', ') || 'none'}. ` +
        `Write ${decorator}(…, { connection: '${known[0] ?? 'name'}' }), or give an MqModule the name '${connection}'.`,
      { details: { connection, known, handler: name } },
    );
  }
}
