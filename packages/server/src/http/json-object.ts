import { z } from '@hono/zod-openapi';
import type { JsonObject } from '@parley/protocol';

/** A JSON object whose fields are described elsewhere, or are the tenant's own. */
export const jsonObject = z
  .custom<JsonObject>((value) => typeof value === 'object' && value !== null)
  .openapi({ type: 'object', additionalProperties: true });
