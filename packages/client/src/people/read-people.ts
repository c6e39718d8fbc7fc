import { type CommandResult, limits, type User } from '@parley/protocol';
import type { Requests } from '../line/requests.ts';

/** Names and pictures of these people, as far as I may know them; in calls that fit. */
export async function readUsers(requests: Requests, users: readonly string[]): Promise<User[]> {
  const found: User[] = [];
  for (let i = 0; i < users.length; i += limits.usersPerGet) {
    const some = users.slice(i, i + limits.usersPerGet);
    found.push(...(await requests.insist('user.get', { users: some })).users);
  }
  return found;
}

/** Everybody whom I block, page by page. */
export async function readBlocked(requests: Requests): Promise<User[]> {
  const found: User[] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page: CommandResult<'block.list'> = await requests.insist(
      'block.list',
      cursor === undefined ? {} : { cursor },
    );
    found.push(...page.users);
    cursor = page.cursor;
  }
  return found;
}
