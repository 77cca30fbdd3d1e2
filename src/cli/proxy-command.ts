import { BaseCommand } from './base-command.ts';
import { ExitStatus } from './exit-status.ts';

/** What a command that showed a part of a proxy's configuration has to say beside it. */
interface ShownProxy {
  /** What else is to be known of the choice of the proxy; null: nothing. */
  readonly note: string | null;
  /** @throws when what was shown rests on something that could not be read */
  check(): void;
}

/** A command that shows a part of a proxy's configuration. */
export abstract class ProxyCommand extends BaseCommand {
  /** Prints what was read of the proxy, once it is sure that all of it could be read; notes go to standard error. */
  protected show(proxy: ShownProxy, text: string, notes: readonly string[] = []): void {
    proxy.check();
    for (const note of [...(proxy.note === null ? [] : [proxy.note]), ...notes]) process.stderr.write(`${note}\n`);
    this.answer(text, ExitStatus.ok);
  }
}
