import { about, each, int32, microTime, named, text } from '../declare.ts';
import { invalid, nonNegative } from '../field-errors.ts';
import { numberAt, textAt, type JsonObject } from '../json.ts';
import type { FieldError } from '../kind.ts';
import { objectSchema } from '../metadata-schema.ts';
import { ageColumn, ageOf, builtIn, column, nameColumn, nameOf } from './built-in.ts';

const spec = named('coordination.v1.LeaseSpec', {
  holderIdentity: about('Who holds the lease.', text),
  leaseDurationSeconds: about('After how many seconds without renewal others may take it.', int32),
  acquireTime: about('When the holder took it.', microTime),
  renewTime: about('When the holder renewed it.', microTime),
  leaseTransitions: about('How often it changed hands.', int32),
  ...each(text, 'preferredHolder', 'strategy'),
});

function validate(lease: JsonObject): readonly FieldError[] {
  const seconds = numberAt(lease, 'spec', 'leaseDurationSeconds');
  return [
    ...(seconds !== undefined && seconds <= 0
      ? [invalid('spec.leaseDurationSeconds', seconds, 'must be greater than 0')]
      : []),
    ...nonNegative('spec.leaseTransitions', numberAt(lease, 'spec', 'leaseTransitions')),
  ];
}

export const lease = builtIn({
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
  hasStatus: false,
  schema: objectSchema('coordination.v1.Lease', 'A claim to be the only one at work, for a while.', { spec }),
  columns: [nameColumn, column('Holder', 'Who holds the lease.'), ageColumn],
  validate,
  row: (object, now) => [nameOf(object), textAt(object, 'spec', 'holderIdentity'), ageOf(object, now)],
});
