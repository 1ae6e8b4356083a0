/** Letters and digits that make no words and are not mistaken for each other (apimachinery, util/rand). */
const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';
const SUFFIX = 5;
const LONGEST_PREFIX = 63 - SUFFIX;

/** A name that begins with the prefix, at most 63 characters long (apiserver, storage/names/generate.go). */
export function generateName(prefix: string, random: () => number): string {
  const letters = Array.from({ length: SUFFIX }, () => ALPHABET.charAt(Math.floor(random() * ALPHABET.length)));
  return prefix.slice(0, LONGEST_PREFIX) + letters.join('');
}
