import { forbidden, invalid, notSupported } from '../field-errors.ts';
import { textAt, textsAt, type JsonObject } from '../json.ts';
import type { FieldError } from '../kind.ts';
import { dnsSubdomain } from '../names.ts';

/** Access modes by their short forms in tables, in the order in which tables show them. */
const SHORT: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
};

/** `RWO,RWX` */
export function shortAccessModes(modes: readonly string[]): string {
  return Object.entries(SHORT)
    .filter(([mode]) => modes.includes(mode))
    .map(([, short]) => short)
    .join(',');
}

/** The rules that volumes and claims share: access modes, class and volume mode. */
export function validateVolumeTerms(spec: JsonObject): readonly FieldError[] {
  const modes = textsAt(spec, 'accessModes');
  const known = Object.keys(SHORT).sort();
  const errors = modes
    .filter((mode) => !known.includes(mode))
    .map((mode) => notSupported('spec.accessModes', mode, known));
  if (modes.includes('ReadWriteOncePod') && modes.some((mode) => mode !== 'ReadWriteOncePod' && known.includes(mode))) {
    errors.push(forbidden('spec.accessModes', 'may not use ReadWriteOncePod with other access modes'));
  }
  const storageClass = textAt(spec, 'storageClassName');
  if (storageClass !== '') {
    errors.push(
      ...dnsSubdomain(storageClass).map((problem) => invalid('spec.storageClassName', storageClass, problem)),
    );
  }
  const volumeMode = spec['volumeMode'];
  if (volumeMode !== undefined && volumeMode !== 'Block' && volumeMode !== 'Filesystem') {
    errors.push(notSupported('spec.volumeMode', volumeMode, ['Block', 'Filesystem']));
  }
  return errors;
}
