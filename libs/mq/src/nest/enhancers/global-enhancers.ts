import type { ApplicationConfig, ContextId } from '@nestjs/core';
import { instanceIn, isMadeAnew, type Wrapper } from '../discovery/handler-instance.js';
import type { EnhancerKind, EnhancerLists } from './nest-internals.js';

/** Getters of Nest's configuration: of what is made once, and of what is made for each request. */
const GETTERS = {
  guards: ['getGlobalGuards', 'getGlobalRequestGuards'],
  interceptors: ['getGlobalInterceptors', 'getGlobalRequestInterceptors'],
  pipes: ['getGlobalPipes', 'getGlobalRequestPipes'],
  filters: ['getGlobalFilters', 'getGlobalRequestFilters'],
} as const satisfies Record<EnhancerKind, unknown>;

/** The enhancers of the whole application (`APP_GUARD`, `useGlobalPipes()`) that `globalEnhancers` lets handlers have: by default none. */
export class GlobalEnhancers {
  constructor(
    private readonly config: ApplicationConfig,
    private readonly kinds: readonly EnhancerKind[],
  ) {}

  get isEmpty(): boolean {
    return this.kinds.every((kind) => this.once(kind).length === 0 && this.anew(kind).length === 0);
  }

  /** Whether some of them are made for each message. */
  get areMadeAnew(): boolean {
    return this.kinds.some((kind) => this.anew(kind).length > 0);
  }

  /** Those that are made once. */
  get fixed(): EnhancerLists {
    return this.listed((kind) => this.once(kind));
  }

  /** All of them. */
  async in(contextId: ContextId): Promise<EnhancerLists> {
    const made = new Map<EnhancerKind, unknown[]>();
    for (const kind of this.kinds) {
      const wrappers = this.anew(kind).filter(isMadeAnew);
      made.set(kind, await Promise.all(wrappers.map((wrapper) => instanceIn(wrapper, contextId))));
    }
    return this.listed((kind) => [...this.once(kind), ...(made.get(kind) ?? [])]);
  }

  private listed(list: (kind: EnhancerKind) => readonly unknown[]): EnhancerLists {
    const of = (kind: EnhancerKind): readonly unknown[] => (this.kinds.includes(kind) ? list(kind) : []);
    return { guards: of('guards'), interceptors: of('interceptors'), pipes: of('pipes'), filters: of('filters') };
  }

  private once(kind: EnhancerKind): readonly unknown[] {
    return this.config[GETTERS[kind][0]]();
  }

  private anew(kind: EnhancerKind): readonly Wrapper[] {
    return this.config[GETTERS[kind][1]]() as Wrapper[];
  }
}
