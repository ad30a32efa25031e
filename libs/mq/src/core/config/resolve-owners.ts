import type { Problems } from './problems.js';
import { join } from './problems.js';
import type { RowOwner } from './resolved-options.js';

const MAX_NAME = 128;

/**
 * Whose rows this connection sends: its own, and those that it adopts. `'orders'` adopts what a connection of that name
 * published for this broker, `'orders@old-mq.internal:8081'` what it published while the broker was known as that.
 */
export function resolveOwners(problems: Problems, own: RowOwner, value: unknown): RowOwner[] {
  const owners = [own];
  if (value === undefined) return owners;
  if (!Array.isArray(value)) {
    problems.add('connections', "must be a list of names, like ['old name']");
    return owners;
  }
  for (const [i, entry] of value.entries()) {
    const [name, broker] = typeof entry === 'string' ? split(entry) : ['', ''];
    if (name === '' || name.length > MAX_NAME || broker === '') {
      const path = join('connections', String(i));
      problems.add(path, `must be the name of a connection, or 'name@broker' as the rows have it`);
      continue;
    }
    const owner = { connection: name, broker: broker ?? own.broker };
    if (!owners.some((known) => known.connection === owner.connection && known.broker === owner.broker))
      owners.push(owner);
  }
  return owners;
}

/** At the first @: names of connections have none, and a broker may call itself what it likes. */
function split(entry: string): [string, string | undefined] {
  const at = entry.indexOf('@');
  return at < 0 ? [entry, undefined] : [entry.slice(0, at), entry.slice(at + 1)];
}
