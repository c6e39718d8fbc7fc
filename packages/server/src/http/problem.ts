import { z } from '@hono/zod-openapi';
import { type ErrorCode, errors, ParleyError } from '@parley/protocol';
import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { failureKind } from '../db/failure.ts';
import type { HttpEnv } from './parts.ts';

/** An error as HTTP carries it: RFC 9457, with the code of the error table. */
export const problemSchema = z
  .object({
    type: z.string().openapi({ example: 'urn:parley:error:not_found' }),
    title: z.string().openapi({ example: 'Not found' }),
    status: z.int().openapi({ example: 404 }),
    detail: z.string().openapi({ example: errors.not_found.message }),
    code: z.string().openapi({
      description: 'What went wrong, from the error table that HTTP and WebSocket share.',
      enum: Object.keys(errors),
      example: 'not_found',
    }),
    retryable: z.boolean().openapi({
      description: 'Whether the same request may succeed later.',
      example: false,
    }),
    retry_after_ms: z.int().optional().openapi({
      description: 'Milliseconds to wait before the next try; also told as Retry-After.',
    }),
    field: z.string().optional().openapi({
      description: 'Path of the field at fault.',
      example: 'members.0',
    }),
    request_id: z.string().openapi({
      description: 'Quote it when you ask for help; the answer has it as X-Request-Id too.',
      example: '0199f2c4-5b6a-7c1d-8e2f-3a4b5c6d7e8f',
    }),
  })
  .openapi('Problem');

const mediaType = 'application/problem+json';

/** The problem answers of a route, for its documentation. `internal` is always among them. */
export function problems(...codes: readonly ErrorCode[]) {
  const responses: Record<string, object> = {};
  for (const code of [...codes, 'internal'] as const) {
    const { status, message } = errors[code];
    const known = responses[status];
    const before = known !== undefined && 'description' in known ? `${known.description} ` : '';
    responses[status] = {
      description: `${before}\`${code}\`: ${message}`,
      content: { [mediaType]: { schema: problemSchema } },
    };
  }
  // Typed as nothing: handlers return what a route is for and throw the rest.
  return responses as Record<never, never>;
}

/** Any thrown value as an error of the table; `internal` when it is none that may be told. */
export function toParleyError(error: unknown): ParleyError {
  if (error instanceof ParleyError) return error;
  if (error instanceof HTTPException) return fromHttpException(error);
  switch (failureKind(error)) {
    case 'unavailable':
    case 'contended':
      return new ParleyError('unavailable', { retryAfterMs: 1_000, cause: error });
    case 'data':
    case 'defect':
      return new ParleyError('internal', { cause: error });
  }
}

/** The answer that tells an error. */
export function problemResponse(c: Context<HttpEnv>, error: ParleyError): Response {
  const { code, status, retryable, retryAfterMs, field } = error;
  const headers = new Headers({ 'Content-Type': mediaType });
  if (retryAfterMs !== undefined) {
    headers.set('Retry-After', String(Math.ceil(retryAfterMs / 1000)));
  }
  if (code === 'unauthorized') {
    const given = c.req.header('Authorization') === undefined ? '' : ', error="invalid_token"';
    headers.set('WWW-Authenticate', `Bearer realm="parley"${given}`);
  }
  const problem: z.infer<typeof problemSchema> = {
    type: `urn:parley:error:${code}`,
    title: titleOf(code),
    status,
    detail: error.message,
    code,
    retryable,
    ...(retryAfterMs === undefined ? {} : { retry_after_ms: retryAfterMs }),
    ...(field === undefined ? {} : { field }),
    request_id: c.get('requestId'),
  };
  return new Response(JSON.stringify(problem), { status, headers });
}

/** A failed shape as `bad_request`, naming the first field at fault. */
export function shapeError(error: z.ZodError): ParleyError {
  const [issue] = error.issues;
  if (issue?.code === 'unrecognized_keys') {
    const [field = ''] = issue.keys;
    return new ParleyError('bad_request', {
      field,
      message: `\`${field}\` is nothing that can be set here. See /openapi.json for what can.`,
    });
  }
  const field = issue?.path.join('.') ?? '';
  const what = (issue?.message ?? 'Invalid input').replace(/\.$/, '');
  return new ParleyError('bad_request', {
    ...(field === '' ? {} : { field }),
    message: field === '' ? `The body must be a JSON object. ${what}.` : `\`${field}\`: ${what}.`,
  });
}

function titleOf(code: ErrorCode): string {
  const words = code.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

// Hono's and its validators' own errors: their text is not ours to tell.
function fromHttpException(error: HTTPException): ParleyError {
  switch (error.status) {
    case 400:
      return new ParleyError('bad_request', { cause: error });
    case 413:
      return new ParleyError('too_large', { cause: error });
    case 415:
      return new ParleyError('unsupported_media_type', { cause: error });
    default:
      return new ParleyError('internal', { cause: error });
  }
}
