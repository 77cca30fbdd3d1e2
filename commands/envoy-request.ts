import * as Flags from '@oclif/core/flags';
import { BaseCommand } from '../src/cli/base-command.ts';
import { CliError } from '../src/cli/cli-error.ts';
import { ExitStatus } from '../src/cli/exit-status.ts';
import { outputFlag } from '../src/cli/flags.ts';
import { offeredMethods, requestFlags } from '../src/cli/request-flags.ts';

export default class EnvoyRequest extends BaseCommand {
  static override summary = 'Say what an Envoy does with a request, from its config_dump alone';
  static override description =
    'Walks a request through the listener, filter chain, filters, route and cluster that take it and prints every outcome with its ' +
    'probability or condition. --listener is asked at its own address (at the loopback address if it takes every one); with --address ' +
    'beside it the connection is one that was redirected to it. --address alone is what a client asks for. ' +
    'Exit status: 0 it goes to an upstream or is answered below 400, 3 it fails in at least one branch, 4 not to be told.';
  static override examples = [
    {
      description: 'A request to a gateway',
      command:
        '<%= config.bin %> envoy-request --file config_dump.json --listener 0.0.0.0_8080 --host shop.example.com --path /cart',
    },
    {
      description: "An outbound request of a sidecar's pod, with the health that /clusters?format=json shows",
      command:
        '<%= config.bin %> envoy-request --file config_dump.json --clusters clusters.json --address 10.96.0.20:9080 --host reviews:9080 -H "end-user: jason"',
    },
    {
      description: 'TLS by server name, as JSON',
      command:
        '<%= config.bin %> envoy-request --file config_dump.json --listener https --sni shop.example.com --alpn h2 --source 192.0.2.7 -o json',
    },
    {
      description: 'Many requests: one JSON object a line in, one line out for each',
      command: '<%= config.bin %> envoy-request --file config_dump.json --requests requests.jsonl',
    },
  ];
  static override flags = {
    file: Flags.string({
      summary: "The proxy's /config_dump (best with ?include_eds), or - for standard input",
      helpValue: 'FILE',
      required: true,
    }),
    clusters: Flags.string({ summary: "The proxy's /clusters?format=json", helpValue: 'FILE' }),
    listener: Flags.string({ summary: 'Name of the listener that takes the connection', helpValue: 'NAME' }),
    address: Flags.string({ summary: 'Address and port that the client asks for', helpValue: 'IP:PORT' }),
    host: Flags.string({ summary: 'Host (or :authority) header; without it, the address', helpValue: 'HOST' }),
    ...requestFlags,
    tls: Flags.boolean({ summary: 'Speak TLS, also without --sni, --alpn or --identity' }),
    sni: Flags.string({ summary: 'Server name that the client asks for in its TLS hello', helpValue: 'NAME' }),
    alpn: Flags.string({
      summary: 'Application protocol that the client offers; repeat it for several',
      helpValue: 'NAME',
      multiple: true,
      multipleNonGreedy: true,
      delimiter: ',',
    }),
    identity: Flags.string({ summary: 'URI in the certificate that the client presents', helpValue: 'URI' }),
    source: Flags.string({
      summary: "Address of the client; without it, the loopback address of the proxy's machine",
      helpValue: 'IP[:PORT]',
    }),
    proxied: Flags.string({
      summary:
        'Addresses in the PROXY protocol header of a load balancer in front: the client, and the address that it asked for; v2 before them: of version 2',
      helpValue: '[v2 ]IP:PORT[,IP:PORT]',
    }),
    requests: Flags.string({
      summary: 'Requests as JSON objects, one a line, by the names of these flags; - for standard input',
      helpValue: 'FILE',
      exclusive: ['listener', 'address', 'host', 'header', 'tls', 'sni', 'alpn', 'identity', 'source', 'proxied'],
    }),
    output: outputFlag(['json', 'yaml']),
  };

  static override offers = { method: offeredMethods, alpn: ['h2', 'http/1.1'] };

  override async run(): Promise<void> {
    const { flags } = await this.parse(EnvoyRequest);
    const files = [flags.file, flags.clusters, flags.requests];
    if (files.filter((path) => path === '-').length > 1) {
      throw new CliError('standard input can hold one file only', {
        remedy: 'Give `-` once, and paths for the rest.',
      });
    }
    if (flags.requests === undefined && flags.listener === undefined && flags.address === undefined) {
      throw new CliError('it is not said where the request arrives', {
        remedy: 'Give --listener NAME or --address IP:PORT, or many requests with --requests FILE.',
      });
    }
    const {
      answerRequests,
      asFlag,
      envoyRequestStatus,
      openEnvoyProxy,
      readHeaders,
      renderEnvoyRequestAnswer,
      renderGaps,
    } = await import('../src/envoy-request.ts');
    this.progress.phase('reading the dump');
    const proxy = await openEnvoyProxy(
      { configDump: flags.file, clusters: flags.clusters ?? null },
      flags.requests === undefined ? 'one' : 'many',
    );
    if (flags.requests === undefined) {
      const { listener, address, host, path, method, header = [], tls, sni, alpn, identity, source, proxied } = flags;
      const http = { host, path, method, headers: readHeaders(header) };
      const asked = { listener, address, ...http, tls, sni, alpn, identity, source, proxied };
      const answer = proxy.answer(asked, asFlag);
      if ('error' in answer) throw new CliError(answer.error, { remedy: 'Add --help to see the flags and examples.' });
      const text = await renderEnvoyRequestAnswer(answer, flags.output ?? 'text', this.terminal().color);
      this.answer(text, ExitStatus[envoyRequestStatus(answer)]);
    } else {
      let status: ExitStatus = ExitStatus.ok;
      let asked = 0;
      for await (const answers of answerRequests(proxy, flags.requests)) {
        asked += answers.length;
        if (answers.some(({ failed }) => failed)) status = ExitStatus.usage;
        await this.answerPart(answers.map(({ text }) => `${text}\n`).join(''), status);
      }
      if (asked === 0)
        process.stderr.write(`no request is in ${flags.requests === '-' ? 'standard input' : flags.requests}\n`);
    }
    // What was not understood is told beside the answer, which says where it depends on it.
    process.stderr.write(renderGaps(proxy.gaps()));
  }
}
