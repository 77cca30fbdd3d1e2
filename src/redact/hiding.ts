import { isPseudonym, redacted } from '../model/redaction.ts';
import { hideInText, isCertificate, isDistinctive, isPublicKeySet, looksRandom } from './secret-text.ts';

/** A keyed hash of a text as hexadecimal digits, at least 32 of them. The key is random, and nobody keeps it. */
export type KeyedHash = (text: string) => string;

/** What Envoy itself prints for what it does not show (source/common/protobuf/utility.cc, redact), as text and as base64. */
const HIDDEN_BY_ENVOY = new Set(['[redacted]', 'W3JlZGFjdGVkXQ==']);
const REMEMBERED = 50_000;
const REMEMBERED_LENGTH = 256;

/** Takes secrets of one snapshot out, and remembers them, so that the same secret is found where nothing tells that it is one. */
export class Hiding {
  private readonly hash: KeyedHash;
  private readonly keepCertificates: boolean;
  private readonly known = new Set<string>();
  private readonly texts = new Map<string, string>();

  /** @param keepCertificates whether certificates and public keys stay: they hold no secret, but names */
  constructor(hash: KeyedHash, keepCertificates: boolean) {
    this.hash = hash;
    this.keepCertificates = keepCertificates;
  }

  /**
   * The pseudonym of a whole value. Nothing, certificates, public keys and what is a pseudonym already stay.
   * @param sure whether its name says that it is a secret: then the same text is one elsewhere too, however plain
   */
  value(value: string, sure: boolean): string {
    if (value === '' || isPseudonym(value) || HIDDEN_BY_ENVOY.has(value)) return value;
    if (this.keepCertificates && (isCertificate(value) || isPublicKeySet(value))) return value;
    if (sure ? isDistinctive(value) : looksRandom(value)) {
      this.known.add(value);
      this.known.add(Buffer.from(value).toString('base64'));
    }
    return redacted(this.hash(`secret ${value}`));
  }

  /** As `value`, of a format that Envoy fills in: that it holds `%` decides how it is read. */
  format(value: string): string {
    // A format of commands alone holds nothing that anybody chose.
    if (/^(?:%[A-Z_0-9]+(?:\([^()%]*\))?(?::\d+)?%)+$/.test(value)) return value;
    const hidden = this.value(value, false);
    return value.includes('%') && hidden !== value ? `${hidden}%%` : hidden;
  }

  /** A text, without the secrets in it. */
  text(text: string): string {
    const before = this.texts.get(text);
    if (before !== undefined) return before;
    const after = hideInText(text, (secret) => this.value(secret, true), this.known);
    if (text.length <= REMEMBERED_LENGTH) {
      if (this.texts.size >= REMEMBERED) this.texts.clear();
      this.texts.set(text, after);
    }
    return after;
  }

  /** Forgets what texts became, since more secrets are known now. */
  relearn(): void {
    this.texts.clear();
  }
}
