/** Whether a name of an archive is another one or lies below it. */
export function isWithin(name: string, member: string): boolean {
  return name === member || name.startsWith(`${member}/`);
}

/** A name out of an archive, safe to print: no control characters, not endless. */
export function shown(name: string): string {
  const clean = name.replaceAll(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '?');
  return clean.length > 300 ? `${clean.slice(0, 300)}…` : clean;
}

/**
 * The names that an archive was made of: those whose parent folder it does not hold. Each can be laid back by itself.
 *
 * @param names - without a trailing slash, in any order
 */
export function archiveRoots(names: readonly string[]): readonly string[] {
  const all = new Set(names);
  return [...all].filter((name) => name !== '.' && !all.has(parentOf(name)));
}

function parentOf(name: string): string {
  const slash = name.lastIndexOf('/');
  return slash < 0 ? '.' : name.slice(0, slash);
}
