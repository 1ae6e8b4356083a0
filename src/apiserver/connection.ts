import type { RequestOptions } from 'node:https';
import { createSecureContext } from 'node:tls';
import { messageOf, systemCode } from '../base/index.ts';
import { ApiServerError } from './errors.ts';
import type { Kubeconfig } from './kubeconfig.ts';

/** What was asked of whom, for messages. */
export interface Target {
  readonly origin: string;
  readonly path: string;
}

/** Host, port and server name of a kubeconfig, as Node's `request` takes them. */
export function addressOf({ server, tlsServerName }: Kubeconfig): RequestOptions {
  return {
    host: server.hostname.replace(/^\[|\]$/g, ''),
    port: server.port === '' ? 443 : Number(server.port),
    ...(tlsServerName !== undefined && { servername: tlsServerName }),
  };
}

/** @throws ApiServerError APISERVER_KUBECONFIG_INVALID where a certificate or key of the kubeconfig is not one */
export function secureContextOf(kubeconfig: Kubeconfig): ReturnType<typeof createSecureContext> {
  const { certificateAuthority, clientCertificate, clientKey } = kubeconfig;
  try {
    return createSecureContext({
      ...(certificateAuthority && { ca: certificateAuthority }),
      ...(clientCertificate && { cert: clientCertificate }),
      ...(clientKey && { key: clientKey.reveal() }),
    });
  } catch (error) {
    const context = `the context ${kubeconfig.context} of the kubeconfig`;
    throw new ApiServerError('APISERVER_KUBECONFIG_INVALID', `${context} holds a certificate or key that is not one`, {
      subject: kubeconfig.context,
      hint: 'Check that certificate and key belong together and are PEM.',
      cause: error,
    });
  }
}

export function timeoutError({ origin, path }: Target, cause?: unknown): ApiServerError {
  return new ApiServerError('APISERVER_TIMEOUT', `${origin} did not answer ${path} in time`, {
    subject: origin,
    hint: 'Check that the kube-apiserver on this host is healthy: crictl ps --name kube-apiserver',
    cause,
  });
}

/** OpenSSL's and Node's codes for a certificate that was refused, by us or by the server. */
const TLS_CODE =
  /^(?:ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_CA|EPROTO$)/;

/** What a connection that could not be made, or that broke, means. */
export function connectionError(cause: unknown, { origin }: Target): ApiServerError {
  if (TLS_CODE.test(systemCode(cause) ?? '')) {
    return new ApiServerError('APISERVER_TLS', `TLS with ${origin} failed: ${messageOf(cause)}`, {
      subject: origin,
      hint: "Check that the kubeconfig's certificate-authority signed the server's certificate and that no certificate has expired.",
      cause,
    });
  }
  return new ApiServerError('APISERVER_UNREACHABLE', `cannot reach ${origin}: ${messageOf(cause)}`, {
    subject: origin,
    hint: 'Check that the kube-apiserver on this host is running: crictl ps --name kube-apiserver',
    cause,
  });
}
