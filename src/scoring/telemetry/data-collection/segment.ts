/** A name as one segment of a blob's path: what may lead out of it or hide becomes a dash, and nothing stays nameless. */
export function segment(name: string): string {
  const plain = name.replace(/[^A-Za-z0-9._-]/g, '-').slice(0, 128);
  return /^\.*$/.test(plain) ? `-${plain}` : plain;
}
