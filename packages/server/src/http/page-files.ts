import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';

/** A file of the built page, with what it is sent as. */
export interface PageFile {
  readonly type: string;
  readonly etag: string;
  readonly plain: Buffer;
  /** Absent where it would not be smaller. */
  readonly br?: Buffer;
  readonly gzip?: Buffer;
}

export type PageFiles = ReadonlyMap<string, PageFile>;

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.txt': 'text/plain; charset=utf-8',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.webp': 'image/webp',
  '.avif': 'image/avif',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
};
const compressible = new Set(['.html', '.js', '.css', '.svg', '.json', '.webmanifest', '.txt']);
const mostFiles = 500;

/**
 * Reads the built page into memory, by path with forward slashes; undefined when it is not built.
 *
 * Whatever is asked for later is looked up among these names, so no path can lead out of the folder.
 */
export async function readPageFiles(folder: string): Promise<PageFiles | undefined> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  if (paths.length > mostFiles) throw new Error(`The page has more than ${mostFiles} files.`);
  const files = new Map<string, PageFile>();
  for (const path of paths) {
    files.set(relative(folder, path).split(sep).join('/'), await readPageFile(path));
  }
  return files.has('index.html') ? files : undefined;
}

async function readPageFile(path: string): Promise<PageFile> {
  const extension = extname(path).toLowerCase();
  const plain = await readFile(path);
  const etag = `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`;
  const file = { type: types[extension] ?? 'application/octet-stream', etag, plain };
  if (!compressible.has(extension)) return file;
  const [br, zipped] = await Promise.all([
    promisify(brotliCompress)(plain),
    promisify(gzip)(plain, { level: 9 }),
  ]);
  return {
    ...file,
    ...(br.length < plain.length ? { br } : {}),
    ...(zipped.length < plain.length ? { gzip: zipped } : {}),
  };
}
