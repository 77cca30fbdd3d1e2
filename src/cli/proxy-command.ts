import { BaseCommand } from './base-command.ts';
import { ExitStatus } from './exit-status.ts';

/** What a command that showed a part of proxies' configuration has to say beside it. */
interface ShownProxies {
  /** What else is to be known of the choice of the proxy; null: nothing. */
  readonly note: string | null;
  /** @throws when what was shown rests on something that could not be read */
  check(): void;
}

interface Shown {
  readonly text: string;
  /** Sentences for standard error. */
  readonly notes: readonly string[];
}

/** A command that shows a part of a proxy's configuration. */
export abstract class ProxyCommand extends BaseCommand {
  /** Prints what was read of proxies, once it is sure that all of it could be read; notes go to standard error. */
  protected show(proxies: ShownProxies, { text, notes }: Shown, status: ExitStatus = ExitStatus.ok): void {
    proxies.check();
    for (const note of [...(proxies.note === null ? [] : [proxies.note]), ...notes]) process.stderr.write(`${note}\n`);
    this.answer(text, status);
  }
}
