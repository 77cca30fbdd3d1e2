import { BaseCommand } from './base-command.ts';
import { proxyCollectionOf } from './collection-flags.ts';
import { connectionOf } from './connection-flags.ts';
import { ExitStatus } from './exit-status.ts';
import { proxyInput } from './proxy-flags.ts';

/** What a command that showed a part of proxies' configuration has to say beside it. */
interface ShownProxies {
  /** What else is to be known of the choice of the proxy; null: nothing. */
  readonly note: string | null;
  /** @throws when what was shown rests on something that could not be read */
  check(): void;
}

interface Shown {
  readonly text: string;
  /** What is printed before the text, where it may be longer than a text can be. */
  readonly pieces?: Iterable<Buffer>;
  /** Sentences for standard error; of pieces that are made as they are printed, some may be added meanwhile. */
  readonly notes: readonly string[];
}

type LiveFlagValues = Omit<Parameters<typeof connectionOf>[0], 'cluster'> & Parameters<typeof proxyCollectionOf>[0];

/** A command that shows a part of a proxy's configuration. */
export abstract class ProxyCommand extends BaseCommand {
  /** Where the proxies' answers are, as flags and arguments tell it. */
  protected asked(proxy: string | undefined, flags: Parameters<typeof proxyInput>[1] & LiveFlagValues) {
    return { ...proxyInput(proxy, flags), live: this.live(flags) };
  }

  /** How the proxies of a live cluster are asked. */
  protected live(flags: LiveFlagValues & { readonly timeout?: string }) {
    // What these commands call --cluster is a proxy's.
    const connection = connectionOf({ ...flags, cluster: undefined });
    return this.liveAccess(
      connection,
      proxyCollectionOf(flags, (sentence) => this.tell(sentence)),
      flags.timeout,
    );
  }

  /**
   * Prints what was read of proxies, once it is sure that all of it could be read; of what is made as it is printed, a fault ends it.
   * Notes go to standard error.
   */
  protected async show(
    { proxies, answer: { text, notes, pieces = [] } }: { readonly proxies: ShownProxies; readonly answer: Shown },
    status: ExitStatus = ExitStatus.ok,
  ): Promise<void> {
    proxies.check();
    this.progress.clear();
    for (const note of [...(proxies.note === null ? [] : [proxies.note]), ...notes]) process.stderr.write(`${note}\n`);
    const told = notes.length;
    for (const piece of pieces) await this.answerPart(piece, status);
    proxies.check();
    this.answer(text, status);
    for (const note of notes.slice(told)) process.stderr.write(`${note}\n`);
  }
}
