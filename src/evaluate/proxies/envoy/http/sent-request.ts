/**
 * A request as the client sends it. It is asked piece by piece, each piece by an object that stands for the question, so that whoever
 * answers requests alike can note what was asked of one. In: a request. Out: answers. It must have no answer of its own.
 */
import type { HttpRequest } from '../../../../model/request.ts';
import type { AcceptedSocket } from '../listener/accepted-socket.ts';
import type { Truth } from '../truth.ts';
import type { HostSearch } from './host-search.ts';
import { withoutQuery } from './path.ts';
import type { VirtualHostMatch } from './virtual-host.ts';

/** Something that is asked of a request; there is one object for each. */
export interface RequestQuestion<Answer> {
  readonly ask: (asked: { readonly http: HttpRequest }) => Answer;
}

export interface SentRequest {
  /** The answer to a question. */
  tell<Answer>(question: RequestQuestion<Answer>): Answer;
  /** The virtual host of its authority; undefined: none takes it. */
  findHost(search: HostSearch, socket: Pick<AcceptedSocket, 'localPort'>): VirtualHostMatch | undefined;
}

/** A request that nobody listens to. */
export class SentHttp implements SentRequest {
  readonly http: HttpRequest;

  constructor(http: HttpRequest) {
    this.http = http;
  }

  tell<Answer>(question: RequestQuestion<Answer>): Answer {
    return question.ask(this);
  }

  findHost(search: HostSearch, socket: Pick<AcceptedSocket, 'localPort'>): VirtualHostMatch | undefined {
    return search.find(this.http.authority, socket);
  }
}

/** All of it. */
export const WHOLE: RequestQuestion<HttpRequest> = { ask: ({ http }) => http };
export const METHOD: RequestQuestion<string> = { ask: ({ http }) => http.method };
export const PATH: RequestQuestion<string> = { ask: ({ http }) => http.path };
export const AUTHORITY: RequestQuestion<string> = { ask: ({ http }) => http.authority };
export const NAMES_HOST: RequestQuestion<boolean> = { ask: ({ http }) => http.authority !== '' };
export const VERSION: RequestQuestion<HttpRequest['version']> = { ask: ({ http }) => http.version };
export const PROTOCOL: RequestQuestion<string | undefined> = { ask: ({ http }) => http.protocol };
/** Whether a header has an underscore in its name. */
export const UNDERSCORED: RequestQuestion<boolean> = {
  ask: ({ http }) => http.headers.some(([name]) => name.includes('_')),
};

/** Characters that Envoy looks at twice, in a path or in the parameters of one, and those that no path has. */
const NOT_PLAIN = /[^\x21-\x7e]|["#%;<>\\^`{|}]|\/[./]/;

/** Whether nothing can become of the path but itself, whatever is done to paths (`normalisePath`), and nothing refuses it. */
export const PLAIN_PATH: RequestQuestion<boolean> = {
  ask: ({ http: { path } }) => path.startsWith('/') && !NOT_PLAIN.test(path),
};

/** Looks at a path without query and fragment. */
export type PathTest = (path: string) => Truth;

/** What a test says of the path as it was sent. */
export const passes = oneForEach(new WeakMap<PathTest, RequestQuestion<Truth>>(), (test) => ({
  ask: ({ http }) => test(withoutQuery(http.path)),
}));

/** The value of a header, by its name in lower case; several are joined by commas. null: it was not sent. */
export const sentHeader = oneForEach(new Map<string, RequestQuestion<string | null>>(), (name) => ({
  ask: ({ http }) => {
    let joined: string | null = null;
    for (const [other, value] of http.headers)
      if (other === name) joined = joined === null ? value : `${joined},${value}`;
    return joined;
  },
}));

/** How many times a header was sent, by its name in lower case. */
export const timesSent = oneForEach(new Map<string, RequestQuestion<number>>(), (name) => ({
  ask: ({ http }) => http.headers.filter(([other]) => other === name).length,
}));

/** Whether it carries a header, or may, whose value is not known. */
export const hidesHeader = oneForEach(new Map<string, RequestQuestion<boolean>>(), (name) => ({
  ask: ({ http }) => http.unknownHeaders?.includes(name) === true,
}));

/** What holds questions by what asks them. */
interface Questions<Key, Answer> {
  get(key: Key): RequestQuestion<Answer> | undefined;
  set(key: Key, question: RequestQuestion<Answer>): unknown;
}

/**
 * Makes one question for each key.
 * @param questions weak ones of parts of configurations; of names there are as many as configurations have
 */
function oneForEach<Key, Answer>(
  questions: Questions<Key, Answer>,
  make: (key: Key) => RequestQuestion<Answer>,
): (key: Key) => RequestQuestion<Answer> {
  return (key) => {
    let question = questions.get(key);
    if (question === undefined) {
      question = make(key);
      questions.set(key, question);
    }
    return question;
  };
}
