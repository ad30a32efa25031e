import type { Problems } from './problems.js';

/** Topics and groups that a part of an application brings for itself. */
export interface Feature {
  /** What it was made as. */
  readonly source: object;
  /** Where it is written, for messages. */
  readonly place: string;
  readonly topics: unknown;
  readonly groups: unknown;
}

type Named = Record<string, unknown>;

/** What all places together configure as `topics` or `groups`. An alias that two of them bring is a problem: one would win unseen. */
export function mergeFeatures(
  problems: Problems,
  kind: 'topics' | 'groups',
  own: unknown,
  features: readonly Feature[],
): unknown {
  // What is no map is told where it is read.
  if (own !== undefined && !isMap(own)) return own;
  const merged: Named = { ...own };
  const places = new Map(Object.keys(merged).map((alias) => [alias, 'MqModule.forRoot()']));
  for (const feature of features) {
    if (feature[kind] !== undefined && !isMap(feature[kind])) {
      problems.add(kind, `must be an object in ${feature.place}`);
      continue;
    }
    for (const [alias, entry] of Object.entries(feature[kind] ?? {})) {
      const other = places.get(alias);
      if (other === undefined) {
        merged[alias] = entry;
        places.set(alias, feature.place);
      } else problems.add(`${kind}.${alias}`, `stands in ${other} and in ${feature.place}; keep one of them`);
    }
  }
  return merged;
}

function isMap(value: unknown): value is Named {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
