const { compare } = new Intl.Collator('en', { numeric: true });

/** Names as people count them: `row_2` before `row_10`. */
export const naturally = (a: string, b: string): number => compare(a, b);
