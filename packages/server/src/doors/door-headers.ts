const yearSeconds = 31_536_000;

/** Headers that every answer has, whoever writes it; `publicUrl` is where people reach us. */
export function doorHeaders(publicUrl: URL | undefined): Readonly<Record<string, string>> {
  return {
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    // No page of others may pull our answers in as a picture or script.
    'Cross-Origin-Resource-Policy': 'same-origin',
    ...(publicUrl?.protocol === 'https:'
      ? { 'Strict-Transport-Security': `max-age=${yearSeconds}` }
      : {}),
  };
}

/** Headers of an answer that has none of its own: nothing in it is to be run, framed or kept. */
export const closedHeaders: Readonly<Record<string, string>> = {
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cache-Control': 'private, no-store',
};
