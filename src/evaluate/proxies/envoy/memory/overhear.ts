/**
 * Notes what an evaluation asks of a request and its connection. In: both. Out: both again, in objects that write down each question
 * with its answer. It must pass on every answer as it is, and must let nothing be looked at unnoticed.
 */
import type { EnvoyConnection } from '../../../../model/envoy.ts';
import type { ApplicationRequest, HttpRequest } from '../../../../model/request.ts';
import type { HostSearch } from '../http/host-search.ts';
import { WHOLE } from '../http/sent-request.ts';
import type { RequestQuestion, SentRequest } from '../http/sent-request.ts';
import type { VirtualHostMatch } from '../http/virtual-host.ts';
import type { AcceptedSocket } from '../listener/accepted-socket.ts';

/** All that an evaluation may look at beside the configuration. */
export interface Asked {
  readonly http: HttpRequest;
  readonly socket: AcceptedSocket;
  /** Of its request the HTTP part may be that of another one. */
  readonly connection: EnvoyConnection;
}

/** The same as an evaluation looks at it. */
export interface Looked {
  readonly sent: SentRequest;
  readonly socket: AcceptedSocket;
  readonly connection: EnvoyConnection;
}

/** Something that was looked at; there is one object for each. */
export interface Question<Answer = unknown> {
  readonly ask: (asked: Asked) => Answer;
}

/** Asks for a virtual host, whose place another may take that is like it. */
export interface HostQuestion extends Question {
  readonly find: (asked: Asked) => VirtualHostMatch | undefined;
}

/** What one evaluation asked, in order, each question once. */
export class Notes<AskedHost extends HostQuestion = HostQuestion> {
  readonly questions: Question[] = [];
  readonly answers: unknown[] = [];
  readonly overheard: Looked;
  readonly #asked: Asked;
  readonly #askHost: (search: HostSearch) => AskedHost;
  #host: AskedHost | null = null;
  #asWhole = false;

  /** @param askHost the question that a search for a virtual host is */
  constructor(asked: Asked, askHost: (search: HostSearch) => AskedHost) {
    this.#asked = asked;
    this.#askHost = askHost;
    const sent = new OverheardSent(this);
    this.overheard = { sent, socket: new OverheardSocket(this), connection: new OverheardConnection(this) };
  }

  /** Something was looked at as a whole that is no scalar: the request is like no other. */
  get asWhole(): boolean {
    return this.#asWhole;
  }

  /** null: no virtual host was looked for. */
  get host(): AskedHost | null {
    return this.#host;
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

  findHost(search: HostSearch): VirtualHostMatch | undefined {
    const question = this.#askHost(search);
    // Of several that are looked for, none stands for the others.
    if (this.#host !== null && this.#host !== question) this.#asWhole = true;
    this.#host = question;
    this.note(question);
    return question.find(this.#asked);
  }
}

class OverheardSent implements SentRequest {
  readonly #notes: Notes;

  constructor(notes: Notes) {
    this.#notes = notes;
  }

  tell<Answer>(question: RequestQuestion<Answer>): Answer {
    return this.#notes.note(question);
  }

  findHost(search: HostSearch): VirtualHostMatch | undefined {
    return this.#notes.findHost(search);
  }
}

/** A question for each part: the compiler sees that none is forgotten. */
type QuestionsFor<Part> = { readonly [Name in keyof Part]-?: Question<Part[Name]> };

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

const CONNECTION: QuestionsFor<Omit<EnvoyConnection, 'request'>> = {
  localAddress: { ask: ({ connection }) => connection.localAddress },
  localPort: { ask: ({ connection }) => connection.localPort },
  originalAddress: { ask: ({ connection }) => connection.originalAddress },
  originalPort: { ask: ({ connection }) => connection.originalPort },
  remoteAddress: { ask: ({ connection }) => connection.remoteAddress },
  remotePort: { ask: ({ connection }) => connection.remotePort },
  proxyHeader: { ask: ({ connection }) => connection.proxyHeader },
};

const APPLICATION: QuestionsFor<Omit<ApplicationRequest, 'http'>> = {
  protocol: { ask: ({ connection }) => connection.request.protocol },
  tls: { ask: ({ connection }) => connection.request.tls },
};

class OverheardApplication implements ApplicationRequest {
  readonly #notes: Notes;

  constructor(notes: Notes) {
    this.#notes = notes;
  }

  get protocol(): ApplicationRequest['protocol'] {
    return this.#notes.note(APPLICATION.protocol);
  }

  get http(): HttpRequest {
    return this.#notes.note(WHOLE);
  }

  get tls(): ApplicationRequest['tls'] {
    return this.#notes.note(APPLICATION.tls);
  }
}

class OverheardConnection implements EnvoyConnection {
  readonly #notes: Notes;
  readonly request: ApplicationRequest;

  constructor(notes: Notes) {
    this.#notes = notes;
    this.request = new OverheardApplication(notes);
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
}
