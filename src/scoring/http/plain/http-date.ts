let known: string | undefined;

/** Now, as the `Date` header says it; made once a second. */
export function httpDate(): string {
  if (known === undefined) {
    const now = new Date();
    known = now.toUTCString();
    setTimeout(() => (known = undefined), 1000 - now.getMilliseconds()).unref();
  }
  return known;
}
