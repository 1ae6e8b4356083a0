import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { etcdBackups, type EtcdBackup } from '../crd/index.ts';
import { byTurn, isUnfinished } from './turn.ts';
import { WaitingLine } from './waiting-line.ts';

type Listener = (object: EtcdBackup, previous: EtcdBackup | undefined, isDeleted: boolean) => void;

const NAMES = ['a', 'b', 'c', 'd', 'e'];

function made(name: string, second: number, isDone: boolean, isLeaving: boolean, isBegun = false): EtcdBackup {
  const creationTimestamp = `2026-11-22T15:44:0${second}Z`;
  return etcdBackups.schema.parse({
    apiVersion: 'operator.openshift.io/v1alpha1',
    kind: 'EtcdBackup',
    metadata: { name, creationTimestamp, ...(isLeaving && { deletionTimestamp: creationTimestamp }) },
    spec: {},
    status: {
      ...(isBegun && { backupJob: { namespace: 'openshift-etcd', name } }),
      conditions: isDone ? [{ type: 'BackupCompleted', status: 'True' }] : [],
    },
  });
}

describe('The waiting line', () => {
  it('has who is unfinished, in the order of their turns, whatever comes, begins, ends and goes', () => {
    const change = fc.record({
      name: fc.constantFrom(...NAMES),
      second: fc.integer({ min: 0, max: 3 }),
      isDone: fc.boolean(),
      isLeaving: fc.boolean(),
      isBegun: fc.boolean(),
      isDeleted: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
        let listener: Listener = () => undefined;
        const line = new WaitingLine({ onChange: (given) => (listener = given) });
        const standing = new Map<string, EtcdBackup>();
        for (const { name, second, isDone, isLeaving, isBegun, isDeleted } of changes) {
          const previous = standing.get(name);
          if (isDeleted && previous === undefined) continue;
          // Nothing changes when an object was made.
          const since = previous === undefined ? second : Number(previous.metadata.creationTimestamp.at(-2));
          const object = made(name, since, isDone, isLeaving, isBegun);
          if (isDeleted) standing.delete(name);
          else standing.set(name, object);
          listener(object, previous, isDeleted);
        }
        const expected = [...standing.values()].filter(isUnfinished).toSorted(byTurn);
        expect(line.first).toBe(expected[0]);
        for (const me of [...NAMES.map((name) => made(name, 2, false, false)), ...standing.values()]) {
          const others = expected.filter(({ metadata }) => metadata.name !== me.metadata.name);
          expect(line.before(me)).toBe(others.findLast((each) => byTurn(each, me) < 0));
          expect(line.after(me)).toBe(expected.find((each) => byTurn(each, me) > 0));
        }
      }),
    );
  });
});
