import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { protobuf } from '../../../base/index.ts';
import { readProtobufObject } from './read-object.ts';

const { bool, bytes, int32, int64, message, nested, repeated, repeatedString, string } = protobuf;

const envelope = message({
  typeMeta: nested(1, message({ apiVersion: string(1), kind: string(2) })),
  raw: bytes(2),
  contentEncoding: string(3),
});
const entry = message({ key: string(1), value: string(2) });
const meta = message({
  name: string(1),
  labels: repeated(11, entry),
  created: nested(8, message({ seconds: int64(1) })),
});
const container = message({
  name: string(1),
  image: string(2),
  command: repeatedString(3),
  tty: bool(18),
  exotic: string(99),
});
const pod = message({ containers: repeated(2, container), restartPolicy: string(3) });
const jobSpec = message({ backoffLimit: int32(7), template: nested(6, message({ spec: nested(2, pod) })) });
const job = message({ metadata: nested(1, meta), spec: nested(2, jobSpec) });

function body(apiVersion: string, kind: string, raw: Uint8Array, contentEncoding = ''): Uint8Array {
  return Buffer.concat([
    Buffer.from('k8s\0'),
    envelope.encode({ typeMeta: { apiVersion, kind }, raw, contentEncoding }),
  ]);
}

describe('an object in protobuf', () => {
  it('is read as the JSON that it stands for', () => {
    const raw = job.encode({
      metadata: {
        name: 'a',
        labels: [
          { key: 'x', value: 'y' },
          { key: 'z', value: '' },
        ],
        created: undefined,
      },
      spec: {
        backoffLimit: 2,
        template: {
          spec: {
            restartPolicy: 'Never',
            containers: [{ name: 'main', image: 'i', command: ['echo', 'hi'], tty: true, exotic: '' }],
          },
        },
      },
    });
    expect(readProtobufObject(body('batch/v1', 'Job', raw))).toEqual({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'a', labels: { x: 'y', z: '' } },
      spec: {
        backoffLimit: 2,
        template: {
          spec: {
            restartPolicy: 'Never',
            containers: [{ name: 'main', image: 'i', command: ['echo', 'hi'], tty: true }],
          },
        },
      },
    });
  });

  it('keeps the nodes that a pod asks for, as the pods of backups do', () => {
    const requirement = message({ key: string(1), operator: string(2) });
    const term = message({ matchExpressions: repeated(1, requirement) });
    const nodeAffinity = message({ required: nested(1, message({ terms: repeated(1, term) })) });
    const placed = message({ affinity: nested(18, message({ nodeAffinity: nested(1, nodeAffinity) })) });
    const matchExpressions = [{ key: 'node-role.kubernetes.io/control-plane', operator: 'Exists' }];
    const raw = message({ spec: nested(2, placed) }).encode({
      spec: { affinity: { nodeAffinity: { required: { terms: [{ matchExpressions }] } } } },
    });
    expect(readProtobufObject(body('v1', 'Pod', raw))['spec']).toEqual({
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions }] },
        },
      },
    });
  });

  it('says how a deletion is meant, under any group', () => {
    const raw = message({ orphan: bool(3), policy: string(4) }).encode({ policy: 'Background' });
    expect(readProtobufObject(body('batch/v1', 'DeleteOptions', raw))).toMatchObject({
      propagationPolicy: 'Background',
    });
  });

  it('is refused with 415, and a way out, where a field or a kind is not known', () => {
    const raw = job.encode({
      spec: {
        backoffLimit: 0,
        template: {
          spec: { restartPolicy: '', containers: [{ name: 'm', image: '', command: [], tty: false, exotic: 'x' }] },
        },
      },
    });
    const refusal = { code: 415, message: expect.stringContaining('--dry-run=client -o yaml') as string };
    expect(() => readProtobufObject(body('batch/v1', 'Job', raw))).toThrow(expect.objectContaining(refusal));
    expect(() => readProtobufObject(body('v1', 'Secret', raw))).toThrow(expect.objectContaining({ code: 415 }));
    expect(() => readProtobufObject(body('batch/v1', 'Job', raw, 'gzip'))).toThrow(
      expect.objectContaining({ code: 415 }),
    );
  });

  it('is refused with 400 or 415, whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.boolean(), (noise, isWrapped) => {
        try {
          readProtobufObject(isWrapped ? body('batch/v1', 'Job', noise) : noise);
        } catch (error) {
          expect([400, 415]).toContain((error as { code?: unknown }).code);
        }
      }),
    );
  });
});
