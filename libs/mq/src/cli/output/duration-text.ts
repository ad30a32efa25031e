const UNITS = [
  { name: 'd', ms: 86_400_000 },
  { name: 'h', ms: 3_600_000 },
  { name: 'm', ms: 60_000 },
  { name: 's', ms: 1_000 },
];

/** `350ms`, `12s`, `3m 20s`, `2d 4h`: the two largest units, for people. */
export function durationText(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)}ms`;
  const first = UNITS.findIndex((unit) => ms >= unit.ms);
  let rest = ms;
  const parts = UNITS.slice(first, first + 2).map(({ name, ms: unit }) => {
    const whole = Math.floor(rest / unit);
    rest -= whole * unit;
    return { name, whole };
  });
  return parts
    .filter(({ whole }) => whole > 0)
    .map(({ name, whole }) => `${whole}${name}`)
    .join(' ');
}

/** `3m 20s ago (2026-11-27T22:00:00Z)`, or `in …`. */
export function instantText(at: Date, now: Date): string {
  const ms = now.getTime() - at.getTime();
  const utc = at.toISOString().replace(/\.\d+Z$/, 'Z');
  return ms >= 0 ? `${durationText(ms)} ago (${utc})` : `in ${durationText(-ms)} (${utc})`;
}
