/**
 * `fetch` over a connection of its own. A program closes one that nobody has used for 5 s, and on a busy machine the
 * request that is about to use it again finds that out only by a reset.
 */
export function fetchOnce(
  url: string,
  init: Omit<RequestInit, 'headers'> & { headers?: Record<string, string> } = {},
): Promise<Response> {
  return fetch(url, { ...init, headers: { ...init.headers, connection: 'close' } });
}
