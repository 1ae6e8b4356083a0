import { randomUUID } from 'node:crypto';
import type { ApiRequest, ApiResponse, Transport } from '../../apiserver/index.ts';
import { messageOf, type Log, type Time } from '../../base/index.ts';
import type { Credentials } from '../access/index.ts';
import { StandaloneError } from '../errors.ts';
import type { ObjectStore } from '../objects/index.ts';
import { builtInKinds, kindsFromDefinition } from '../schema/index.ts';
import { authorizeByGroup, type Authorize } from './access/authorize.ts';
import { SYSTEM_USER, userOf, type Identify, type User } from './access/user.ts';
import { Documents } from './discovery/documents.ts';
import type { Environment, ReadPodLog } from './environment.ts';
import { serveDefinitions } from './kinds/definitions.ts';
import { KindRegistry } from './kinds/kind-registry.ts';
import { jsonReply, textReply, withWarnings } from './protocol/reply.ts';
import { readRequest } from './protocol/request.ts';
import { insufficientStorage, internal, Refusal, unauthorized, unavailable } from './protocol/status.ts';
import { route, type RouterParts } from './router.ts';

export interface ApiOptions {
  readonly objects: ObjectStore;
  readonly time: Time;
  readonly log: Log;
  /** From 0 up to 1. */
  readonly random: () => number;
  /** Which release of Kubernetes it says to be like, `v1.33.0`; and its own name behind that. */
  readonly version?: string | undefined;
  /** The kinds that are served from the start; those of the engine. */
  readonly kinds?: KindRegistry | undefined;
  /** Who has which credentials; without it nobody comes in from outside. */
  readonly identify?: Identify | undefined;
  readonly authorize?: Authorize | undefined;
  readonly newUid?: (() => string) | undefined;
  readonly readPodLog?: ReadPodLog | undefined;
  /** Whether the engine's controllers work; asked by `/readyz`. */
  readonly isReady?: (() => boolean) | undefined;
}

/** The Kubernetes API of the engine. */
export interface Api {
  /** For the engine's own controllers: no TLS, every right. */
  readonly transport: Transport;
  readonly kinds: KindRegistry;
  /** The way in for a user. */
  transportFor(user: User): Transport;
  /** Answers somebody from outside, or says 401. */
  serve(request: ApiRequest, credentials: Credentials): Promise<ApiResponse>;
  /** Ends all watches and refuses what comes then. The store stays open. */
  close(): void;
}

const DEFAULT_VERSION = 'v1.33.0+holdfast';
/** Open to everybody: they say nothing but that something is here. */
const OPEN_PATHS: ReadonlySet<string> = new Set(['healthz', 'livez', 'readyz', 'version']);
const ANONYMOUS: User = { name: 'system:anonymous', groups: ['system:unauthenticated'] };

export function createApi(options: ApiOptions): Api {
  const { objects, log } = options;
  const closing = new AbortController();
  const kinds = options.kinds ?? new KindRegistry(builtInKinds());
  serveDefinitions({ objects, kinds, log, kindsFromDefinition });
  const parts: RouterParts = {
    environment: environmentOf(options, kinds, closing.signal),
    documents: new Documents(kinds),
    authorize: options.authorize ?? authorizeByGroup,
    paths: openPaths(options),
  };
  const handle = async (request: ApiRequest, user: User): Promise<ApiResponse> => {
    request.signal.throwIfAborted();
    const warnings = new Set<string>();
    try {
      if (closing.signal.aborted) throw unavailable('the engine is stopping');
      return withWarnings(await route(parts, readRequest(request, user, warnings)), warnings);
    } catch (error) {
      const { status, code } = asRefusal(error, request, log);
      return withWarnings(jsonReply(code, status), warnings);
    }
  };
  return {
    kinds,
    transport: (request) => handle(request, SYSTEM_USER),
    transportFor: (user) => (request) => handle(request, user),
    serve(request, credentials) {
      const user = options.identify && userOf(options.identify, objects, credentials);
      if (user !== undefined) return handle(request, user);
      const [first = ''] = request.target.slice(1).split(/[/?]/, 1);
      if (OPEN_PATHS.has(first)) return handle(request, ANONYMOUS);
      const { status, code } = unauthorized();
      return Promise.resolve(jsonReply(code, status, { 'www-authenticate': 'Bearer' }));
    },
    close: () => closing.abort(),
  };
}

function environmentOf(options: ApiOptions, kinds: KindRegistry, closing: AbortSignal): Environment {
  const { objects, time, random, readPodLog, newUid } = options;
  return { objects, kinds, time, random, newUid: newUid ?? randomUUID, closing, readPodLog };
}

function openPaths({ isReady, version = DEFAULT_VERSION }: ApiOptions): RouterParts['paths'] {
  const ok = (): ApiResponse => textReply(200, 'ok', 'text/plain; charset=utf-8');
  const [, major = '1', minor = '0'] = /^v(\d+)\.(\d+)/.exec(version) ?? [];
  return {
    healthz: ok,
    livez: ok,
    readyz: () => (isReady?.() === false ? textReply(503, 'not ready', 'text/plain; charset=utf-8') : ok()),
    version: () =>
      jsonReply(200, {
        major,
        minor,
        gitVersion: version,
        gitCommit: '',
        gitTreeState: 'clean',
        buildDate: '1970-01-01T00:00:00Z',
        goVersion: '',
        compiler: 'node',
        platform: `${process.platform}/${process.arch}`,
      }),
  };
}

/** What is thrown on the way to an answer is an answer too; what nobody foresaw is written down. */
function asRefusal(error: unknown, { method, target }: ApiRequest, log: Log): Refusal {
  if (error instanceof Refusal) return error;
  const path = target.split('?', 1)[0] ?? '';
  const message = messageOf(error);
  log.error('a request to the API has failed', { method, path, reason: message });
  if (!(error instanceof StandaloneError)) return internal(message);
  if (error.code === 'STANDALONE_STORE_FULL') return insufficientStorage(message);
  return error.code === 'STANDALONE_STORE_CLOSED' ? unavailable(message) : internal(message);
}
