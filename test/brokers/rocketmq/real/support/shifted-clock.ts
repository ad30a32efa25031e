const RealDate = Date;

/** The wall clock of this process goes wrong by `ms` until {@link rightClock}: also for gRPC and the drivers of databases. */
export function wrongClock(ms: number): void {
  globalThis.Date = class extends RealDate {
    constructor(...args: [] | [number]) {
      if (args.length === 0) super(RealDate.now() + ms);
      else super(...args);
    }

    static override now(): number {
      return RealDate.now() + ms;
    }
  } as DateConstructor;
}

export function rightClock(): void {
  globalThis.Date = RealDate;
}
