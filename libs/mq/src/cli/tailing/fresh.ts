import type { Happening, Happenings } from '../../core/store/happening.js';

/**
 * Tells what is new from reading to reading. Readings overlap, because what is committed late counts from before; so a reading
 * has to be compared with the one before it, and with no other: what has left it does not come back.
 */
export class Fresh {
  private last: ReadonlySet<string> | null = null;

  /** @param backMs of what had happened before the first reading, so much is new as well */
  constructor(private readonly backMs: number) {}

  /** Oldest first. `missed`: more has happened since the last reading than one shows. */
  take({ now, sources, most }: Happenings): { readonly happenings: Happening[]; readonly missed: boolean } {
    const { last } = this;
    const isNew = ({ key, at }: Happening): boolean => (last === null ? at >= now - this.backMs : !last.has(key));
    this.last = new Set(sources.flat().map(({ key }) => key));
    return {
      happenings: sources.flatMap((source) => source.filter(isNew)).sort((a, b) => a.at - b.at),
      missed: sources.some((source) => source.length >= most && source.every(isNew)),
    };
  }
}
