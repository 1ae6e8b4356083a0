import {
  ApiServerError,
  type ApiServerErrorCode,
  type CallOptions,
  type KubeClient,
  type KubeObject,
  type NewObject,
  type ObjectName,
  type Resource,
} from '../../apiserver/index.ts';

/** An object as it stands now; undefined where there is none. */
export function find<T extends KubeObject>(
  client: KubeClient,
  resource: Resource<T>,
  name: ObjectName,
  options: CallOptions,
): Promise<T | undefined> {
  return unless('APISERVER_NOT_FOUND', client.get(resource, name, options));
}

/** Makes an object that is to be there; one that stands stays as it is. */
export async function ensure<T extends KubeObject>(
  client: KubeClient,
  resource: Resource<T>,
  object: NewObject<T> & { readonly metadata: { readonly name: string } },
  options: CallOptions,
): Promise<T> {
  const made =
    (await find(client, resource, object.metadata, options)) ??
    (await unless('APISERVER_ALREADY_EXISTS', client.create(resource, object, options)));
  return made ?? client.get(resource, object.metadata, options);
}

/** What a call gives, or undefined where it fails for the reason that is expected. */
export async function unless<T>(code: ApiServerErrorCode, call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof ApiServerError && error.code === code) return undefined;
    throw error;
  }
}
