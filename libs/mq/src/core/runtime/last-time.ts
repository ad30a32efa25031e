/** The last instant that a `Date` can be, in the year 275760, in milliseconds of the epoch: later ones fit into no column and no message either. */
export const LAST_TIME = 8.64e15;
