/** The server's bundle is started with it as a sibling. */
export const SIBLING_ARGUMENT = '--sibling-front';

/** What the first front says to a sibling. */
export type ToSibling =
  /** With the listening socket. */
  { readonly type: 'listen' } | { readonly type: 'metrics'; readonly id: number } | { readonly type: 'stop' };

/** What a sibling says. */
export type FromSibling =
  | { readonly type: 'loaded' }
  | { readonly type: 'listening' }
  | { readonly type: 'metrics'; readonly id: number; readonly text: string };
