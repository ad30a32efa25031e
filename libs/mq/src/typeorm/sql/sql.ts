import type { SqlSyntax } from './sql-syntax.js';

/** A piece of SQL with its parameters in the order of its text, so that pieces can be put together in any order. */
export class Sql {
  /** One longer than `values`: they stand between the texts. */
  constructor(
    readonly texts: readonly string[],
    readonly values: readonly unknown[],
  ) {}

  render(syntax: Pick<SqlSyntax, 'placeholder'>): { text: string; parameters: unknown[] } {
    let text = this.texts[0]!;
    for (let i = 1; i < this.texts.length; i++) text += syntax.placeholder(i) + this.texts[i]!;
    return { text, parameters: [...this.values] };
  }
}

/**
 * SQL in which everything interpolated becomes a parameter, unless it is a piece of SQL itself.
 *
 * @example sql`DELETE FROM ${raw(tables.inbox)} WHERE message_id IN (${list(ids)})`
 */
export function sql(strings: TemplateStringsArray, ...interpolated: readonly unknown[]): Sql {
  const writer = new SqlWriter(strings[0]!);
  interpolated.forEach((value, i) => {
    if (value instanceof Sql) writer.piece(value);
    else writer.value(value);
    writer.text(strings[i + 1]!);
  });
  return writer.done();
}

/** Text that goes in as it is: quoted names and constants of this library, never anything from outside. */
export function raw(text: string): Sql {
  return new Sql([text], []);
}

export function join(pieces: readonly Sql[], separator = ', '): Sql {
  const writer = new SqlWriter('');
  pieces.forEach((piece, i) => {
    if (i > 0) writer.text(separator);
    writer.piece(piece);
  });
  return writer.done();
}

/** The values as parameters, with commas between them. */
export function list(values: readonly unknown[]): Sql {
  return new Sql(['', ...values.map((_, i) => (i < values.length - 1 ? ', ' : ''))], values);
}

/** Appends instead of concatenating arrays: a batch of 1,000 rows has 20,000 parameters. */
class SqlWriter {
  private readonly texts: string[];
  private readonly values: unknown[] = [];

  constructor(start: string) {
    this.texts = [start];
  }

  text(text: string): void {
    this.texts[this.texts.length - 1] += text;
  }

  value(value: unknown): void {
    this.values.push(value);
    this.texts.push('');
  }

  piece(piece: Sql): void {
    this.text(piece.texts[0]!);
    piece.values.forEach((value, i) => {
      this.value(value);
      this.text(piece.texts[i + 1]!);
    });
  }

  done(): Sql {
    return new Sql(this.texts, this.values);
  }
}
