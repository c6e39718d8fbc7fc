import { type OpenAPIHono, z } from '@hono/zod-openapi';
import { isTenantId, ParleyError } from '@parley/protocol';
import type { Context } from 'hono';
import { prefixOf } from '../path-prefix.ts';
import type { Operation } from '../policy/operation-policy.ts';
import { isOrigin } from '../tenants/origin.ts';
import { operation } from './operation.ts';
import { type PageFile, type PageFiles, readPageFiles } from './page-files.ts';
import type { AppParts, HttpEnv } from './parts.ts';
import { problems } from './problem.ts';
import { pageFeatures, pagePolicy } from './security-headers.ts';

const home = '/app/messages/';
const tags = ['Page'];
const immutable = 'public, max-age=31536000, immutable';

/** The chat page: its files, what it has to know, and the ways to it. */
export function addPageRoutes(app: OpenAPIHono<HttpEnv>, parts: AppParts): void {
  const { config } = parts;
  const page = lazyPage(parts.pageFolder);
  const address = prefixOf(config.publicUrl) + home;

  const toPage = { description: 'To the chat page.' };
  const leads = { method: 'get', summary: 'Leads to the chat page', tags } as const;
  const redirect = (status: 302 | 308) => () =>
    new Response(null, { status, headers: { Location: address } });
  app.openapi(
    operation(parts, 'openRoot', {
      ...leads,
      path: '/',
      responses: { 302: toPage, ...problems() },
    }),
    redirect(302),
  );
  app.openapi(
    operation(parts, 'openPageWithoutSlash', {
      ...leads,
      path: '/app/messages',
      responses: { 308: toPage, ...problems() },
    }),
    redirect(308),
  );

  app.openapi(
    operation(parts, 'openPage', {
      method: 'get',
      path: home,
      summary: 'The chat page',
      tags,
      responses: {
        200: { description: 'HTML.', content: { 'text/html': { schema: z.string() } } },
        ...problems('unavailable'),
      },
    }),
    async (c) => {
      const framedBy = await framesOf(parts, c.req.query('tenant'));
      return sendFile(c, config.publicUrl, (await page()).get('index.html'), 'no-cache', framedBy);
    },
  );

  app.openapi(
    operation(parts, 'getPageConfig', {
      method: 'get',
      path: `${home}config.json`,
      summary: 'What the page has to know before anybody signs in',
      tags,
      responses: {
        200: {
          description: 'The configuration.',
          content: {
            'application/json': { schema: z.object({ demo: z.boolean(), people: z.null() }) },
          },
        },
        ...problems(),
      },
    }),
    (c) => c.json({ demo: config.demo, people: null }, 200),
  );

  const file = (folder: string, cacheControl: string, operationId: Operation) =>
    app.openapi(
      operation(parts, operationId, {
        method: 'get',
        path: `${home}${folder}{file}`,
        summary: 'A file of the chat page',
        tags,
        request: { params: z.object({ file: z.string().openapi({ example: 'index.js' }) }) },
        responses: { 200: { description: 'The file.' }, ...problems('not_found', 'unavailable') },
      }),
      async (c) => {
        const found = (await page()).get(folder + c.req.valid('param').file);
        return sendFile(c, config.publicUrl, found, cacheControl);
      },
    );
  file('assets/', immutable, 'getPageAsset');
  file('', 'no-cache', 'getPageFile');
}

/**
 * Whose pages may show this one in a frame: those that the tenant of `?tenant=` lists.
 *
 * No tenant, an unknown one and one that lists none are the same: nobody may.
 */
async function framesOf(
  { settings }: AppParts,
  tenant: string | undefined,
): Promise<readonly string[]> {
  if (tenant === undefined || !isTenantId(tenant)) return [];
  const { frame_ancestors = [] } = await settings.of(tenant);
  return frame_ancestors.filter(isOrigin);
}

/** Reads the page once, when first asked for; until it is built, again each time. */
function lazyPage(folder: string): () => Promise<PageFiles> {
  let known: PageFiles | undefined;
  return async () => {
    known ??= await readPageFiles(folder);
    if (known !== undefined) return known;
    throw new ParleyError('unavailable', { message: 'The page is not built. Run `npm start`.' });
  };
}

function sendFile(
  c: Context<HttpEnv>,
  publicUrl: URL | undefined,
  file: PageFile | undefined,
  cacheControl: string,
  framedBy: readonly string[] = [],
): Response {
  if (file === undefined) throw new ParleyError('not_found');
  const headers = new Headers({
    'Content-Type': file.type,
    'Content-Security-Policy': pagePolicy({ publicUrl, host: c.req.header('Host'), framedBy }),
    // A page that opened this one, or that it opens, gets no hold of its window.
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Permissions-Policy': pageFeatures,
    'Cache-Control': cacheControl,
    ETag: file.etag,
    Vary: 'Accept-Encoding',
  });
  if (c.req.header('If-None-Match') === file.etag) {
    return new Response(null, { status: 304, headers });
  }
  const accepted = c.req.header('Accept-Encoding') ?? '';
  if (file.br !== undefined && accepts(accepted, 'br')) {
    headers.set('Content-Encoding', 'br');
    return new Response(new Uint8Array(file.br), { headers });
  }
  if (file.gzip !== undefined && accepts(accepted, 'gzip')) {
    headers.set('Content-Encoding', 'gzip');
    return new Response(new Uint8Array(file.gzip), { headers });
  }
  return new Response(new Uint8Array(file.plain), { headers });
}

function accepts(accepted: string, encoding: string): boolean {
  return accepted.split(',').some((one) => {
    const [name, ...rest] = one.split(';').map((part) => part.trim().toLowerCase());
    return name === encoding && !rest.some((part) => /^q=0(?:\.0*)?$/.test(part));
  });
}
