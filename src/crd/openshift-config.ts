import * as z from 'zod';
import { objects, type Resource } from '../apiserver/index.ts';

const named = z.array(z.looseObject({ name: z.string() }));

const featureGate = objects.kubeObject.extend({
  spec: z
    .looseObject({
      featureSet: z.string().optional(),
      customNoUpgrade: z
        .looseObject({ enabled: z.array(z.string()).nullish(), disabled: z.array(z.string()).nullish() })
        .nullish(),
    })
    .optional(),
  status: z
    .looseObject({
      featureGates: z
        .array(z.looseObject({ version: z.string(), enabled: named.nullish(), disabled: named.nullish() }))
        .nullish(),
    })
    .optional(),
});

const clusterVersion = objects.kubeObject.extend({
  spec: z
    .looseObject({
      clusterID: z.string().optional(),
      desiredUpdate: z
        .looseObject({
          version: z.string().optional(),
          image: z.string().optional(),
          /** `Preflight` only looks whether the update could be done. */
          mode: z.string().optional(),
        })
        .nullish(),
    })
    .optional(),
  status: z
    .looseObject({
      desired: z.looseObject({ version: z.string().optional(), image: z.string().optional() }).optional(),
      /** The newest first. */
      history: z
        .array(
          z.looseObject({
            version: z.string(),
            state: z.string(),
            image: z.string().optional(),
            startedTime: z.string().nullish(),
          }),
        )
        .nullish(),
    })
    .optional(),
});

const clusterOperator = objects.kubeObject.extend({
  status: z
    .looseObject({
      conditions: z
        .array(
          z.looseObject({
            type: z.string(),
            status: z.string(),
            message: z.string().optional(),
            lastTransitionTime: z.string().nullish(),
          }),
        )
        .nullish(),
    })
    .optional(),
});

/** OpenShift's switch for features; the one object is `cluster`. */
export type FeatureGate = z.infer<typeof featureGate>;
/** OpenShift's release; the one object is `version`. */
export type ClusterVersion = z.infer<typeof clusterVersion>;

/** What one of OpenShift's operators says of its work. */
export type ClusterOperator = z.infer<typeof clusterOperator>;

const group = { group: 'config.openshift.io', version: 'v1', namespaced: false } as const;

export const featureGates: Resource<FeatureGate> = {
  ...group,
  plural: 'featuregates',
  kind: 'FeatureGate',
  schema: featureGate,
};

export const clusterVersions: Resource<ClusterVersion> = {
  ...group,
  plural: 'clusterversions',
  kind: 'ClusterVersion',
  schema: clusterVersion,
};

export const clusterOperators: Resource<ClusterOperator> = {
  ...group,
  plural: 'clusteroperators',
  kind: 'ClusterOperator',
  schema: clusterOperator,
};
