import * as z from 'zod';

/** Who publishes the schemas of which groups; every other group is Kubernetes' own. */
const PACKAGES: Readonly<Record<string, string>> = {
  'monitoring.coreos.com': '@kubernetes-models/prometheus-operator',
};
const KUBERNETES = 'kubernetes-models';

const typed = z.looseObject({ apiVersion: z.string(), kind: z.string() });

interface Model {
  readonly prototype: { validate: (this: unknown) => void };
}

/**
 * What the published schema of an object's kind says against it. The validators are made of Kubernetes' OpenAPI document, which
 * lets pass fields that it does not know; but they look at every field that they do know, so the others are those that they
 * never looked at.
 *
 * @returns a sentence for each problem
 * @throws where nobody has published a schema of that kind
 */
export async function schemaProblems(manifest: unknown): Promise<readonly string[]> {
  const { apiVersion, kind } = typed.parse(manifest);
  const model = await modelOf(apiVersion, kind);
  const seen = new Set<string>();
  try {
    model.prototype.validate.call(watched(manifest, '', seen));
  } catch (error) {
    return [String(error instanceof Error ? error.message : error)];
  }
  return unseen(manifest, '', seen).map((path) => `${path} is no field of ${kind}`);
}

async function modelOf(apiVersion: string, kind: string): Promise<Model> {
  const [group = ''] = apiVersion.split('/');
  const path = `${PACKAGES[group] ?? KUBERNETES}/${apiVersion}/${kind}`;
  const model = ((await import(path)) as Readonly<Record<string, Model>>)[kind];
  if (model === undefined) throw new Error(`${path} has no ${kind}`);
  return model;
}

/** The same value; the paths of all fields that are read are remembered. */
function watched(value: unknown, path: string, seen: Set<string>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return new Proxy(value, {
    get: (target, key): unknown => {
      const field: unknown = Reflect.get(target, key);
      if (typeof key !== 'string') return field;
      seen.add(`${path}/${key}`);
      return watched(field, `${path}/${key}`, seen);
    },
  });
}

function unseen(value: unknown, path: string, seen: ReadonlySet<string>): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, field]: [string, unknown]) =>
    seen.has(`${path}/${key}`) ? unseen(field, `${path}/${key}`, seen) : [`${path}/${key}`],
  );
}
