/**
 * Control characters (C0, C1 and with them ESC), the two line ends of Unicode, and what turns the direction of writing: in
 * somebody's id they would begin a line of their own in a log, or colour, hide and reorder what a terminal shows.
 */
const UNFIT = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu;

/** The text as one line without anything that acts on whoever shows it. Each run of such characters becomes one blank. */
export function oneLine(text: string): string {
  return text.replace(UNFIT, ' ');
}
