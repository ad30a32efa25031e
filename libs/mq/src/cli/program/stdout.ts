/**
 * Keeps stdout for the data of a command: what anybody else in the process writes there, Nest's logger and `console.log` of the
 * application among them, goes to stderr.
 */
export class ReservedStdout {
  private readonly write = process.stdout.write.bind(process.stdout);

  readonly stream = {
    write: (text: string): boolean => this.write(text),
    get isTTY(): boolean {
      return process.stdout.isTTY;
    },
    get columns(): number {
      return process.stdout.columns;
    },
  };

  constructor() {
    process.stdout.write = process.stderr.write.bind(process.stderr) as typeof process.stdout.write;
    // Whoever read it has seen enough, as `head` does.
    process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  }

  /** Resolves when everything was handed to the system. */
  flush(): Promise<void> {
    return new Promise((resolve) => this.write('', () => resolve()));
  }
}
