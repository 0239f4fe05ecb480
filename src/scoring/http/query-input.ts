/**
 * The query of `GET /score` as a JSON body, as Azure ML's server reads it: each value is JSON if it parses, else a string; a
 * repeated key becomes an array. Made as text, so that long integers keep their digits.
 */
export function queryAsJson(query: string): string {
  const values = new Map<string, string[]>();
  for (const [key, value] of new URLSearchParams(query)) {
    const earlier = values.get(key);
    if (earlier === undefined) values.set(key, [jsonOrString(value)]);
    else earlier.push(jsonOrString(value));
  }
  const members = [...values].map(
    ([key, texts]) => `${JSON.stringify(key)}:${texts.length === 1 ? texts[0] : `[${texts.join(',')}]`}`,
  );
  return `{${members.join(',')}}`;
}

function jsonOrString(value: string): string {
  try {
    JSON.parse(value);
    return value;
  } catch {
    return JSON.stringify(value);
  }
}
