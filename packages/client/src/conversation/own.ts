/** A key's own value. User ids are the host's own: `__proto__` may be one, and must find nothing else. */
export function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
