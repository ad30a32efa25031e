/** Which tags a consumer asks for: `*` or nothing for all, `A||B` for either; exact and case-sensitive. */
export class TagFilter {
  static readonly all = new TagFilter('*', undefined);

  private constructor(
    readonly expression: string,
    private readonly tags: ReadonlySet<string> | undefined,
  ) {}

  static parse(expression: string | undefined): TagFilter {
    const tags = (expression ?? '')
      .split('||')
      .map((tag) => tag.trim())
      .filter((tag) => tag !== '');
    return tags.length === 0 || tags.includes('*') ? TagFilter.all : new TagFilter(tags.join('||'), new Set(tags));
  }

  matches(tag: string | undefined): boolean {
    return this.tags === undefined || (tag !== undefined && this.tags.has(tag));
  }
}
