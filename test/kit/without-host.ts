import { resources, type KubeClient, type KubeObject, type Pod, type Resource } from '../../src/apiserver/index.ts';

/**
 * A client that sees pods without what this machine cannot mount: the folders of a control-plane host, which a snapshot alone
 * does not need, and the token of an account, which is handed over in another way.
 */
export function withoutHost(client: KubeClient): KubeClient {
  const seen = <T extends KubeObject>(resource: Resource<T>, object: T): T =>
    resource.plural === resources.pods.plural
      ? resource.schema.parse(stripped(resources.pods.schema.parse(object)))
      : object;
  return {
    get: async (resource, ...rest) => seen(resource, await client.get(resource, ...rest)),
    list: async (resource, options) => {
      const { items, resourceVersion } = await client.list(resource, options);
      return { items: items.map((each) => seen(resource, each)), resourceVersion };
    },
    watch: async function* (resource, options) {
      for await (const event of client.watch(resource, options))
        yield event.type === 'BOOKMARK' ? event : { ...event, object: seen(resource, event.object) };
    },
    create: (...all) => client.create(...all),
    update: (...all) => client.update(...all),
    updateStatus: (...all) => client.updateStatus(...all),
    patch: (...all) => client.patch(...all),
    bindPod: (...all) => client.bindPod(...all),
    delete: (...all) => client.delete(...all),
    getText: (...all) => client.getText(...all),
  };
}

/** Whether the pod is to have the token of its account. */
export function hasToken({ spec }: Pod): boolean {
  return spec.volumes?.some(({ name }) => isToken(name)) === true;
}

function isToken(volume: string): boolean {
  // By the admission of service accounts (kubernetes plugin/pkg/admission/serviceaccount).
  return volume.startsWith('kube-api-access-');
}

function stripped(pod: Pod): Pod {
  const isLeft = ({ name }: { readonly name: string }): boolean => !name.startsWith('host-') && !isToken(name);
  const containers = pod.spec.containers.map((each) => ({ ...each, volumeMounts: each.volumeMounts?.filter(isLeft) }));
  return { ...pod, spec: { ...pod.spec, containers, volumes: pod.spec.volumes?.filter(isLeft) } };
}
