import type { ResolvedOptions } from '../../core/config/resolved-options.js';
import type { Connection } from '../boot/connections.js';
import { UsageError } from '../usage-error.js';

/** What can be paused of a connection. */
export function pausable({ topics, groups }: Pick<ResolvedOptions, 'topics' | 'groups'>): string[] {
  return [
    ...[...topics.keys()].map((alias) => `topic:${alias}`),
    ...[...groups.keys()].map((alias) => `group:${alias}`),
  ];
}

/**
 * The one connection that has what was typed.
 * @throws {UsageError} when none has, with the nearest name that there is, or when several have
 */
export function targetOf(
  connections: readonly Connection[],
  typed: string,
  targets: (connection: Connection) => readonly string[],
): Connection {
  const having = connections.filter((connection) => targets(connection).includes(typed));
  if (having.length === 0) throw UsageError.unknown('topic or group', typed, connections.flatMap(targets));
  if (having.length === 1) return having[0]!;
  const names = having.map(({ connection }) => connection).join(', ');
  throw new UsageError(`several connections have ${typed}: say which with --connection: ${names}`);
}
