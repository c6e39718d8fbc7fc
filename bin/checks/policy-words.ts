import { commandPolicy } from '../../packages/server/src/policy/command-policy.ts';
import { operationPolicy } from '../../packages/server/src/policy/operation-policy.ts';
import type { PersonRight, PlaceRight, Right } from '../../packages/server/src/policy/right.ts';

/** The rows of the policy table as the specification has them: act and who may. */
export function policyRows(): string[] {
  const rows: [string, Right][] = [
    ...Object.entries(commandPolicy),
    ...Object.entries(operationPolicy),
  ];
  return rows.map(([act, right]) => `| \`${act}\` | ${wordsOf(right)} |`);
}

function wordsOf(right: Right): string {
  switch (right.who) {
    case 'anyone':
      return 'anyone';
    case 'local or operator':
      return 'this machine; the operator';
    case 'operator':
      return 'the operator';
    case 'key':
      return `an API key for ${right.scope}`;
    case 'key or operator':
      return `an API key for ${right.scope}; the operator`;
    case 'person':
      return wordsOfPerson(right);
  }
}

function wordsOfPerson({ guests, place }: PersonRight): string {
  if (place === undefined) return guests ? 'everybody' : 'everybody but guests';
  return `${wordsOfPlace(place)}${guests ? '' : '; no guest'}`;
}

function wordsOfPlace({ kinds, role, opened, upon }: PlaceRight): string {
  const where = kinds.length === 2 ? 'the conversation' : `the ${kinds.join()}`;
  const who = {
    member: `who is in ${where}`,
    admin: `owners and admins of ${where}`,
    owner: `owners of ${where}`,
  }[role];
  return [
    who,
    ...(upon === 'lower' ? ['admins only to lower roles'] : []),
    ...(opened === undefined ? [] : [`members where \`members_may\` has \`${opened}\``]),
  ].join('; ');
}
