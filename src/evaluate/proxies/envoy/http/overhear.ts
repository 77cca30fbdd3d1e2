/**
 * Notes what an evaluation asks of a request and its connection. In: both. Out: both again, in objects that write down each question
 * with its answer. It must pass on every answer as it is, and must let nothing be looked at unnoticed.
 */
import type { Unknown } from '../../../../model/branching.ts';
import type { EnvoyConnection } from '../../../../model/envoy.ts';
import type { AcceptedSocket } from '../listener/accepted-socket.ts';
import type { HeaderView } from '../match/header-match.ts';
import type { RequestView } from './request-view.ts';

/** All that an evaluation may look at beside the configuration. */
export interface Asked {
  readonly request: RequestView;
  readonly socket: AcceptedSocket;
  readonly connection: EnvoyConnection;
  /** The client's, after x-forwarded-for. */
  readonly remoteAddress: string;
}

/** Something that was looked at; there is one object for each. */
export interface Question<Answer = unknown> {
  readonly ask: (asked: Asked) => Answer;
}

/** What one evaluation asked, in order, each question once. */
export class Notes {
  readonly questions: Question[] = [];
  readonly answers: unknown[] = [];
  readonly overheard: Asked;
  readonly #asked: Asked;
  #asWhole = false;

  constructor(asked: Asked) {
    this.#asked = asked;
    this.overheard = {
      request: new OverheardRequest(this),
      socket: new OverheardSocket(this),
      connection: new OverheardConnection(this),
      // Whatever follows may depend on it.
      remoteAddress: this.note(REMOTE_ADDRESS),
    };
  }

  /** Something was looked at as a whole that is no scalar: the request is like no other. */
  get asWhole(): boolean {
    return this.#asWhole;
  }

  /** The answer to a question, noted. */
  note<Answer>(question: Question<Answer>): Answer {
    const answer = question.ask(this.#asked);
    if (typeof answer === 'object' && answer !== null) this.#asWhole = true;
    if (!this.questions.includes(question)) {
      this.questions.push(question);
      this.answers.push(answer);
    }
    return answer;
  }
}

const REMOTE_ADDRESS: Question<string> = { ask: ({ remoteAddress }) => remoteAddress };

/** A question for each part: the compiler sees that none is forgotten. */
type QuestionsFor<Part> = { readonly [Name in keyof Part]-?: Question<Part[Name]> };

const REQUEST: QuestionsFor<Omit<RequestView, 'headers'>> = {
  original: { ask: ({ request }) => request.original },
  method: { ask: ({ request }) => request.method },
  path: { ask: ({ request }) => request.path },
  hasPath: { ask: ({ request }) => request.hasPath },
  authority: { ask: ({ request }) => request.authority },
  scheme: { ask: ({ request }) => request.scheme },
  internal: { ask: ({ request }) => request.internal },
  grpc: { ask: ({ request }) => request.grpc },
  upgrade: { ask: ({ request }) => request.upgrade },
  envoyMinor: { ask: ({ request }) => request.envoyMinor },
};

class OverheardRequest implements RequestView, HeaderView {
  readonly #notes: Notes;

  constructor(notes: Notes) {
    this.#notes = notes;
  }

  get original(): RequestView['original'] {
    return this.#notes.note(REQUEST.original);
  }

  get method(): RequestView['method'] {
    return this.#notes.note(REQUEST.method);
  }

  get path(): RequestView['path'] {
    return this.#notes.note(REQUEST.path);
  }

  get hasPath(): RequestView['hasPath'] {
    return this.#notes.note(REQUEST.hasPath);
  }

  get authority(): RequestView['authority'] {
    return this.#notes.note(REQUEST.authority);
  }

  get scheme(): RequestView['scheme'] {
    return this.#notes.note(REQUEST.scheme);
  }

  get internal(): RequestView['internal'] {
    return this.#notes.note(REQUEST.internal);
  }

  get grpc(): RequestView['grpc'] {
    return this.#notes.note(REQUEST.grpc);
  }

  get upgrade(): RequestView['upgrade'] {
    return this.#notes.note(REQUEST.upgrade);
  }

  get envoyMinor(): RequestView['envoyMinor'] {
    return this.#notes.note(REQUEST.envoyMinor);
  }

  get headers(): HeaderView {
    return this;
  }

  get(name: string): HeaderValue {
    return this.#notes.note(headerQuestion(GOT, name, 'get'));
  }

  compared(name: string): HeaderValue {
    return this.#notes.note(headerQuestion(COMPARED, name, 'compared'));
  }
}

type HeaderValue = string | null | Unknown;

const GOT = new Map<string, Question<HeaderValue>>();
const COMPARED = new Map<string, Question<HeaderValue>>();

/** The question for a header. Names come from configurations: as many as these have. */
function headerQuestion(
  questions: Map<string, Question<HeaderValue>>,
  name: string,
  how: 'get' | 'compared',
): Question<HeaderValue> {
  let question = questions.get(name);
  if (question === undefined) {
    question = { ask: ({ request }) => request.headers[how](name) };
    questions.set(name, question);
  }
  return question;
}

const SOCKET: QuestionsFor<AcceptedSocket> = {
  localAddress: { ask: ({ socket }) => socket.localAddress },
  localPort: { ask: ({ socket }) => socket.localPort },
  restored: { ask: ({ socket }) => socket.restored },
  remoteAddress: { ask: ({ socket }) => socket.remoteAddress },
  remotePort: { ask: ({ socket }) => socket.remotePort },
  directAddress: { ask: ({ socket }) => socket.directAddress },
  proxyHeader: { ask: ({ socket }) => socket.proxyHeader },
  firstBytes: { ask: ({ socket }) => socket.firstBytes },
  transportProtocol: { ask: ({ socket }) => socket.transportProtocol },
  serverName: { ask: ({ socket }) => socket.serverName },
  applicationProtocols: { ask: ({ socket }) => socket.applicationProtocols },
  blindInspectors: { ask: ({ socket }) => socket.blindInspectors },
  keepsSource: { ask: ({ socket }) => socket.keepsSource },
};

class OverheardSocket implements AcceptedSocket {
  readonly #notes: Notes;

  constructor(notes: Notes) {
    this.#notes = notes;
  }

  get localAddress(): AcceptedSocket['localAddress'] {
    return this.#notes.note(SOCKET.localAddress);
  }

  get localPort(): AcceptedSocket['localPort'] {
    return this.#notes.note(SOCKET.localPort);
  }

  get restored(): AcceptedSocket['restored'] {
    return this.#notes.note(SOCKET.restored);
  }

  get remoteAddress(): AcceptedSocket['remoteAddress'] {
    return this.#notes.note(SOCKET.remoteAddress);
  }

  get remotePort(): AcceptedSocket['remotePort'] {
    return this.#notes.note(SOCKET.remotePort);
  }

  get directAddress(): AcceptedSocket['directAddress'] {
    return this.#notes.note(SOCKET.directAddress);
  }

  get proxyHeader(): AcceptedSocket['proxyHeader'] {
    return this.#notes.note(SOCKET.proxyHeader);
  }

  get firstBytes(): AcceptedSocket['firstBytes'] {
    return this.#notes.note(SOCKET.firstBytes);
  }

  get transportProtocol(): AcceptedSocket['transportProtocol'] {
    return this.#notes.note(SOCKET.transportProtocol);
  }

  get serverName(): AcceptedSocket['serverName'] {
    return this.#notes.note(SOCKET.serverName);
  }

  get applicationProtocols(): AcceptedSocket['applicationProtocols'] {
    return this.#notes.note(SOCKET.applicationProtocols);
  }

  get blindInspectors(): AcceptedSocket['blindInspectors'] {
    return this.#notes.note(SOCKET.blindInspectors);
  }

  get keepsSource(): AcceptedSocket['keepsSource'] {
    return this.#notes.note(SOCKET.keepsSource);
  }
}

const CONNECTION: QuestionsFor<EnvoyConnection> = {
  localAddress: { ask: ({ connection }) => connection.localAddress },
  localPort: { ask: ({ connection }) => connection.localPort },
  originalAddress: { ask: ({ connection }) => connection.originalAddress },
  originalPort: { ask: ({ connection }) => connection.originalPort },
  remoteAddress: { ask: ({ connection }) => connection.remoteAddress },
  remotePort: { ask: ({ connection }) => connection.remotePort },
  proxyHeader: { ask: ({ connection }) => connection.proxyHeader },
  request: { ask: ({ connection }) => connection.request },
};

class OverheardConnection implements EnvoyConnection {
  readonly #notes: Notes;

  constructor(notes: Notes) {
    this.#notes = notes;
  }

  get localAddress(): EnvoyConnection['localAddress'] {
    return this.#notes.note(CONNECTION.localAddress);
  }

  get localPort(): EnvoyConnection['localPort'] {
    return this.#notes.note(CONNECTION.localPort);
  }

  get originalAddress(): EnvoyConnection['originalAddress'] {
    return this.#notes.note(CONNECTION.originalAddress);
  }

  get originalPort(): EnvoyConnection['originalPort'] {
    return this.#notes.note(CONNECTION.originalPort);
  }

  get remoteAddress(): EnvoyConnection['remoteAddress'] {
    return this.#notes.note(CONNECTION.remoteAddress);
  }

  get remotePort(): EnvoyConnection['remotePort'] {
    return this.#notes.note(CONNECTION.remotePort);
  }

  get proxyHeader(): EnvoyConnection['proxyHeader'] {
    return this.#notes.note(CONNECTION.proxyHeader);
  }

  get request(): EnvoyConnection['request'] {
    return this.#notes.note(CONNECTION.request);
  }
}
