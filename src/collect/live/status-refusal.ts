import type { IncomingHttpHeaders } from 'node:http';
import { permissionText, type Permission } from './permission.ts';
import { RequestRefused, type RefusalKind } from './refusal.ts';
import { jsonAnswer } from './json-answer.ts';

/** Longest text of a server that is repeated. */
const MESSAGE_LIMIT = 300;

/**
 * What an answer other than 200 means. The API server explains itself in a Status object
 * (k8s.io/apimachinery/pkg/apis/meta/v1/types.go); whoever answers without one stands between it and us.
 */
export function statusRefusal(
  status: number,
  headers: IncomingHttpHeaders,
  body: Buffer,
  permission: Permission | null,
): RequestRefused {
  const said = statusOf(body);
  const retryAfter = waitOf(headers['retry-after']);
  const refuse = (kind: RefusalKind, problem: string, remedy: string): RequestRefused =>
    new RequestRefused(kind, problem, remedy, { status, retryAfter });
  if (said === undefined && status < 500 && status !== 429) return stranger(status, headers, body, permission);
  const message = said?.message === undefined || said.message === '' ? '' : `: ${cut(said.message)}`;
  const wanted = permission === null ? 'this' : permissionText(permission);
  switch (status) {
    case 401:
      return refuse(
        'unauthorized',
        `the API server does not accept the identity of the kubeconfig (401${message})`,
        'log in again, or choose another --context, --user or --token',
      );
    case 403:
      return refuse(
        'forbidden',
        `the API server does not let this identity ${wanted} (403${message})`,
        `allow it to ${wanted} (\`kubectl reach access -o yaml\` prints the role)`,
      );
    case 404:
      return refuse('not-found', `the API server does not have it (404${message})`, 'check that its kind is installed');
    case 410:
      return refuse('gone', `the API server no longer has that state of the list (410${message})`, 'run it again');
    case 429:
      return refuse('throttled', `the API server is too busy (429${message})`, 'run it again when it is less busy');
    default:
      if (status >= 500) {
        return refuse(
          'server-error',
          `the API server failed (${status}${message})`,
          'run it again; see its log if it stays so',
        );
      }
      return refuse('rejected', `the API server rejects the request (${status}${message})`, 'see the message');
  }
}

/** Who answers a request of the Kubernetes API without a Status: a captive portal, a login page, a web server. */
function stranger(
  status: number,
  headers: IncomingHttpHeaders,
  body: Buffer,
  permission: Permission | null,
): RequestRefused {
  // Paths that the API server does not serve are answered in plain text.
  if (status === 404 && body.toString('latin1').trim() === '404 page not found') {
    return new RequestRefused(
      'not-found',
      'the API server does not serve it (404)',
      'check that its kind is installed',
      { status },
    );
  }
  if (status === 401 || status === 403) {
    const wanted = permission === null ? 'this' : permissionText(permission);
    return new RequestRefused(
      status === 401 ? 'unauthorized' : 'forbidden',
      `something between here and the API server refuses to ${wanted} (${status}, without a Kubernetes Status)`,
      'check the proxy or gateway in front of the API server, and the identity of the kubeconfig',
      { status },
    );
  }
  const to = headers.location === undefined ? '' : `, and leads to ${originOf(headers.location)}`;
  return notKubernetes(`answers ${status} without a Kubernetes Status${to}`, status);
}

/** The refusal for an answer that no API server gives. */
export function notKubernetes(problem: string, status: number | null): RequestRefused {
  return new RequestRefused(
    'not-kubernetes',
    `what stands at the server's address ${problem}: it is no Kubernetes API`,
    'check the server of the kubeconfig; a proxy or a login page may stand in front of it',
    { status },
  );
}

function originOf(location: string): string {
  return URL.canParse(location) ? new URL(location).origin : 'another page';
}

function statusOf(body: Buffer): { readonly message: string | undefined } | undefined {
  try {
    const root = jsonAnswer(body);
    return root.at('kind').string() === 'Status' ? { message: root.at('message').string() } : undefined;
  } catch {
    return undefined;
  }
}

function cut(text: string): string {
  return text.length <= MESSAGE_LIMIT ? text : `${text.slice(0, MESSAGE_LIMIT - 1)}…`;
}

/** Retry-After in milliseconds: a number of seconds, or a date (RFC 9110, section 10.2.3). */
function waitOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? null : Math.max(0, date - Date.now());
}
