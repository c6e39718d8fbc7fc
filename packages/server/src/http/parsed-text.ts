import { z } from '@hono/zod-openapi';
import { ParleyError } from '@parley/protocol';

/** A string that one of the protocol's parsers reads; its refusal becomes the issue. */
export function parsedText(parse: (text: string) => string) {
  return z.string().transform((text, ctx) => {
    try {
      return parse(text);
    } catch (error) {
      if (!(error instanceof ParleyError)) throw error;
      ctx.addIssue({ code: 'custom', message: error.message });
      return z.NEVER;
    }
  });
}
