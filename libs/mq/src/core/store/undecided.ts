/** Where somebody is who goes through what nobody has decided about: first parked deliveries, then dead rows. */
export interface UndecidedPlace {
  /** Only what was parked up to then, database time: what fails again meanwhile does not come again. */
  readonly asOf: number;
  readonly among: 'parked' | 'dead';
  /** The last of the page before: `created_at` and `id` of a parked delivery, `seq` of a dead row. `null`: from the first. */
  readonly after: readonly string[] | null;
}

export interface UndecidedPage {
  /** What `replay` and `discard` take; those of one ordering key in its order. */
  readonly ids: readonly string[];
  /** `null`: that was all. */
  readonly next: UndecidedPlace | null;
}
