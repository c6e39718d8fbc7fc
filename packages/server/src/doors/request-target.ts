/** `.` and `..` between slashes, also percent-encoded: clients and proxies each resolve them their way. */
const dotSegment = /(?:^|[/\\])(?:\.|%2e){1,2}(?:[/\\?#]|$)/i;

/**
 * What is wrong with the address of a request as it came, or undefined.
 *
 * A proxy that guards a path looks at these letters: what would lead somewhere else is refused.
 */
export function targetFault(target: string): string | undefined {
  const [path = ''] = target.split('?');
  if (path.includes('\\')) return 'The address has a backslash. Write slashes, and encode ids.';
  if (!dotSegment.test(path)) return undefined;
  return 'The address has `.` or `..` between slashes. Write where it leads; for a person of such an id see docs/SPEC.md.';
}

const hostForm = /^(?:[a-z0-9._~-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i;

/** What is wrong with a `Host` header, or undefined: addresses are made with it further in. */
export function hostFault(host: string): string | undefined {
  if (hostForm.test(host) && URL.canParse(`http://${host}`)) return undefined;
  return 'The `Host` is no host name or address.';
}
