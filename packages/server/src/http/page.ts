import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { ParleyError } from '@parley/protocol';
import type { Context } from 'hono';
import { prefixOf } from '../path-prefix.ts';
import { type PageFile, type PageFiles, readPageFiles } from './page-files.ts';
import type { AppParts, HttpEnv } from './parts.ts';
import { problems } from './problem.ts';
import { pagePolicy } from './security-headers.ts';

const home = '/app/messages/';
const tags = ['Page'];
const immutable = 'public, max-age=31536000, immutable';

/** The chat page: its files, what it has to know, and the ways to it. */
export function addPageRoutes(app: OpenAPIHono<HttpEnv>, parts: AppParts): void {
  const { config } = parts;
  const page = lazyPage(parts.pageFolder);
  const address = prefixOf(config.publicUrl) + home;

  const redirect = (path: string, status: 302 | 308, operationId: string) => {
    app.openAPIRegistry.registerPath({
      method: 'get',
      path,
      operationId,
      summary: 'Leads to the chat page',
      tags,
      responses: { [status]: { description: 'To the chat page.' }, ...problems() },
    });
    app.get(path, (c) => c.redirect(address, status));
  };
  redirect('/', 302, 'openRoot');
  redirect('/app/messages', 308, 'openPageWithoutSlash');

  app.openapi(
    createRoute({
      method: 'get',
      path: home,
      operationId: 'openPage',
      summary: 'The chat page',
      tags,
      responses: {
        200: { description: 'HTML.', content: { 'text/html': { schema: z.string() } } },
        ...problems('unavailable'),
      },
    }),
    async (c) => sendFile(c, config.publicUrl, (await page()).get('index.html'), 'no-cache'),
  );

  app.openapi(
    createRoute({
      method: 'get',
      path: `${home}config.json`,
      operationId: 'getPageConfig',
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

  const file = (folder: string, cacheControl: string, operationId: string) =>
    app.openapi(
      createRoute({
        method: 'get',
        path: `${home}${folder}{file}`,
        operationId,
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
): Response {
  if (file === undefined) throw new ParleyError('not_found');
  const headers = new Headers({
    'Content-Type': file.type,
    'Content-Security-Policy': pagePolicy(publicUrl, c.req.header('Host')),
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
