import { MQ_CAUSATION, MQ_CORRELATION } from './wire-properties.js';
import { plainId } from './message-id.js';

/** Where a message belongs. */
export interface Causality {
  /** Of the chain: that of its first message, whose id it is unless somebody has chosen another. `null`: the message begins its chain. */
  readonly correlationId: string | null;
  /** The message whose handler published it. `null`: no handler did. */
  readonly causationId: string | null;
}

/** What the properties of a message of any producer say about where it belongs, as values that fit into every database and wire. */
export function causalityOf(properties: Readonly<Record<string, string>>): Causality {
  return { correlationId: idIn(properties[MQ_CORRELATION]), causationId: idIn(properties[MQ_CAUSATION]) };
}

function idIn(property: string | undefined): string | null {
  return property === undefined || property === '' ? null : plainId(property);
}
