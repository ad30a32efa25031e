const MAX_MESSAGE = 500;
const MAX_STACK = 16_000;

/** What of an unknown thrown value may go into a table or a log line: bounded, and never a payload of ours. */
export function describeError(error: unknown): { name: string; message: string; stack: string | null } {
  if (error instanceof Error) {
    return {
      name: error.name,
      message: truncate(error.message, MAX_MESSAGE),
      stack: error.stack === undefined ? null : truncate(error.stack, MAX_STACK),
    };
  }
  return { name: typeof error, message: truncate(String(error), MAX_MESSAGE), stack: null };
}

function truncate(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max - 1)}…`;
}
