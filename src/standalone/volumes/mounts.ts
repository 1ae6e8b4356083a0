import { readFile } from 'node:fs/promises';

/**
 * The places at or below a folder where something is mounted, by the kernel's own list (proc_pid_mountinfo(5): the fifth
 * field, with blanks and backslashes as octal escapes). Empty where there is no such list.
 */
export async function mountsBelow(folder: string, list = '/proc/self/mountinfo'): Promise<readonly string[]> {
  const text = await readFile(list, 'utf8').catch(() => '');
  return text
    .split('\n')
    .map((line) => (line.split(' ')[4] ?? '').replace(/\\([0-7]{3})/g, (_, octal: string) => byte(octal)))
    .filter((place) => place === folder || place.startsWith(`${folder}/`));
}

function byte(octal: string): string {
  return String.fromCharCode(Number.parseInt(octal, 8));
}
