import { invalidMessage, type FieldError, type Kind } from '../../schema/index.ts';

/**
 * Answers that refuse, as metav1.Status: codes, reasons and sentences are those of kube-apiserver, since clients decide by
 * them and people search for them. Source: k8s.io/apimachinery, pkg/api/errors/errors.go.
 */
export interface Status {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: { readonly continue?: string };
  readonly status: 'Failure' | 'Success';
  readonly message?: string;
  readonly reason?: string;
  readonly details?: StatusDetails;
  readonly code?: number;
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  /** Of an object that is refused as invalid its kind; otherwise the resource, whatever the field is called. */
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

export interface StatusCause {
  readonly reason?: string;
  readonly message: string;
  readonly field?: string;
}

/** Thrown inside the API for every request that is refused; it becomes the answer. */
export class Refusal extends Error {
  readonly status: Status;

  constructor(
    code: number,
    reason: string,
    message: string,
    more: { details?: StatusDetails; continue?: string } = {},
  ) {
    super(message);
    this.name = 'Refusal';
    this.status = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: more.continue === undefined ? {} : { continue: more.continue },
      status: 'Failure',
      message,
      ...(reason !== '' && { reason }),
      ...(more.details !== undefined && { details: more.details }),
      code,
    };
  }

  get code(): number {
    return this.status.code ?? 500;
  }
}

/** What a refusal is about: a resource's plural and group. */
export type GroupResource = Pick<Kind, 'group' | 'plural'>;

/** `pods`, `jobs.batch`. */
export function printResource({ group, plural }: GroupResource): string {
  return group === '' ? plural : `${plural}.${group}`;
}

function about({ group, plural }: GroupResource, name: string): StatusDetails {
  return { ...(name !== '' && { name }), ...(group !== '' && { group }), kind: plural };
}

export function notFound(resource: GroupResource, name: string): Refusal {
  const message = `${printResource(resource)} ${JSON.stringify(name)} not found`;
  return new Refusal(404, 'NotFound', message, { details: about(resource, name) });
}

export function alreadyExists(resource: GroupResource, name: string, isBeingDeleted: boolean): Refusal {
  const prefix = isBeingDeleted ? 'object is being deleted: ' : '';
  const message = `${prefix}${printResource(resource)} ${JSON.stringify(name)} already exists`;
  return new Refusal(409, 'AlreadyExists', message, { details: about(resource, name) });
}

export function nameNotGenerated(resource: GroupResource, name: string): Refusal {
  const message = `${printResource(resource)} ${JSON.stringify(name)} already exists, the server was not able to generate a unique name for the object`;
  return new Refusal(409, 'AlreadyExists', message, { details: { ...about(resource, name), retryAfterSeconds: 1 } });
}

export function conflict(resource: GroupResource, name: string, why: string): Refusal {
  const message = `Operation cannot be fulfilled on ${printResource(resource)} ${JSON.stringify(name)}: ${why}`;
  return new Refusal(409, 'Conflict', message, { details: about(resource, name) });
}

export function modified(resource: GroupResource, name: string): Refusal {
  const why = 'the object has been modified; please apply your changes to the latest version and try again';
  return conflict(resource, name, why);
}

export function applyConflict(message: string, causes: readonly StatusCause[]): Refusal {
  return new Refusal(409, 'Conflict', message, { details: { causes } });
}

export function forbidden(
  resource: GroupResource,
  name: string,
  why: string,
  causes?: readonly StatusCause[],
): Refusal {
  const subject = name === '' ? printResource(resource) : `${printResource(resource)} ${JSON.stringify(name)}`;
  const details = { ...about(resource, name), ...(causes !== undefined && { causes }) };
  return new Refusal(403, 'Forbidden', `${subject} is forbidden: ${why}`, { details });
}

export function forbiddenPath(why: string): Refusal {
  return new Refusal(403, 'Forbidden', `forbidden: ${why}`, { details: {} });
}

export function unauthorized(): Refusal {
  return new Refusal(401, 'Unauthorized', 'Unauthorized');
}

/** @param kind - group and kind; where no object of a kind is meant, `meta.k8s.io` and the options' kind */
export function invalid(kind: Pick<Kind, 'group' | 'kind'>, name: string, errors: readonly FieldError[]): Refusal {
  return new Refusal(422, 'Invalid', invalidMessage(kind, name, errors), {
    details: {
      ...(name !== '' && { name }),
      ...(kind.group !== '' && { group: kind.group }),
      kind: kind.kind,
      causes: errors.map(({ field, reason, message }) => ({ reason, message, field })),
    },
  });
}

export function badRequest(message: string): Refusal {
  return new Refusal(400, 'BadRequest', message);
}

/** @param token - from where a list can go on, if inconsistently */
export function expired(message: string, token?: string): Refusal {
  return new Refusal(410, 'Expired', message, token === undefined ? {} : { continue: token });
}

export function bodyTooLarge(limit: number): Refusal {
  return new Refusal(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${limit}`);
}

export function unsupportedMediaType(accepted: readonly string[]): Refusal {
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`;
  return new Refusal(415, 'UnsupportedMediaType', message);
}

export function notAcceptable(accepted: readonly string[]): Refusal {
  return new Refusal(406, 'NotAcceptable', `only the following media types are accepted: ${accepted.join(', ')}`);
}

/** A path of the API that nothing stands at, of a group that is served. */
export function resourceNotFound(): Refusal {
  return new Refusal(404, 'NotFound', 'the server could not find the requested resource', { details: {} });
}

export function methodNotAllowed(): Refusal {
  return new Refusal(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource');
}

export function notSupported(resource: GroupResource, action: string): Refusal {
  const message = `${action} is not supported on resources of kind ${JSON.stringify(printResource(resource))}`;
  return new Refusal(405, 'MethodNotAllowed', message, { details: about(resource, '') });
}

export function internal(why: string): Refusal {
  const details = { causes: [{ message: why }] };
  return new Refusal(500, 'InternalError', `Internal error occurred: ${why}`, { details });
}

export function timeout(why: string, retryAfterSeconds: number, causes: readonly StatusCause[]): Refusal {
  return new Refusal(504, 'Timeout', `Timeout: ${why}`, { details: { retryAfterSeconds, causes } });
}

/** Kubernetes has no code of its own for a full disk; 507 says it, and clients take it for a server's failure. */
export function insufficientStorage(message: string): Refusal {
  return new Refusal(507, 'InternalError', message, { details: { causes: [{ message }] } });
}

export function unavailable(message: string): Refusal {
  return new Refusal(503, 'ServiceUnavailable', message, { details: { retryAfterSeconds: 1 } });
}
