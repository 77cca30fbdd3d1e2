import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TraversalOutcome } from '../../../src/model/netfilter.ts';
import type { Probe, ProbeResult } from './lab.ts';

/** Packets in all (KUBECTL_REACH_PACKETS), and the seed of the first ruleset (KUBECTL_REACH_SEED). */
const PACKETS = Number(process.env['KUBECTL_REACH_PACKETS'] ?? 2000);
const FIRST_SEED = Number(process.env['KUBECTL_REACH_SEED'] ?? 1);
const VERBOSE = process.env['KUBECTL_REACH_VERBOSE'] !== undefined;
/** The share of packets of which we may know too little. */
export const UNDETERMINED_LIMIT = 0.05;

/** What became of the packets of a suite: how often we said what the kernel did, something else, or nothing. */
export class Tally {
  rulesets = 0;
  /** Rules that the tool or the kernel would not load. */
  refused = 0;
  private readonly suite: string;
  private packets = 0;
  private answered = 0;
  private undetermined = 0;
  private readonly disagreements: string[] = [];
  private readonly reasons = new Map<string, number>();

  constructor(suite: string) {
    this.suite = suite;
  }

  /** Runs one seed after the other, on whichever ground is free, until enough packets were sent. */
  async fill<Ground>(
    grounds: readonly Ground[],
    runSeed: (ground: Ground, seed: number) => Promise<void>,
  ): Promise<void> {
    let next = FIRST_SEED;
    const work = async (ground: Ground): Promise<void> => {
      while (this.packets < PACKETS) {
        const seed = next++;
        tell(`seed ${seed}`);
        await runSeed(ground, seed);
      }
    };
    await Promise.all(grounds.map((ground) => work(ground)));
  }

  /**
   * Counts a packet that was sent.
   * @param problem a sentence, when none of our outcomes is what happened
   * @param place what a disagreement is found again by, such as `seed 7 IPv4`
   * @param rules what a person would look at then
   */
  count(
    probe: Probe,
    result: ProbeResult,
    outcomes: readonly TraversalOutcome[],
    problem: string | null,
    place: { readonly seed: number; readonly name: string },
    rules: string,
  ): void {
    this.packets += 1;
    if (result.result === 'answered') this.answered += 1;
    if (problem === null) return;
    const open = outcomes.find((outcome) => outcome.verdict === 'undetermined');
    if (open !== undefined) {
      this.undetermined += 1;
      const reason = (open.unknown?.reason ?? '').replaceAll(/[\d.:a-f]{4,}/g, 'X');
      this.reasons.set(reason, (this.reasons.get(reason) ?? 0) + 1);
      return;
    }
    const { source, sourcePort, destination, destinationPort } = probe;
    const asked = `${probe.sender} ${probe.protocol} ${source}:${sourcePort} > ${destination}:${destinationPort}`;
    const disagreement = `seed ${place.seed} ${place.name}: ${asked}\n  ${problem}`;
    this.disagreements.push(disagreement);
    keep(place.seed, `${disagreement}\n\n${rules}`);
  }

  /** Prints the counts. @returns what was said against the kernel (the first ten), and the share that was left open */
  close(): { readonly disagreements: readonly string[]; readonly undetermined: number } {
    const reasons = [...this.reasons]
      .toSorted((a, b) => b[1] - a[1])
      .map(([reason, count]) => `  undetermined: ${count} × ${reason}\n`);
    const share = this.undetermined / this.packets;
    process.stdout.write(
      `${this.suite}: ${this.packets} packets through ${this.rulesets} rulesets (${this.refused} rules refused), ` +
        `${this.answered} answered, ${this.undetermined} undetermined (${(100 * share).toFixed(1)} %), ` +
        `${this.disagreements.length} disagree; seeds from ${FIRST_SEED}\n${reasons.join('')}`,
    );
    return { disagreements: this.disagreements.slice(0, 10), undetermined: share };
  }
}

/** A line about the run, for a person who asked for it with KUBECTL_REACH_VERBOSE. */
export function tell(line: string): void {
  if (VERBOSE) process.stdout.write(`${line}\n`);
}

/** Leaves a ruleset that we read otherwise than the kernel, and the last packet that showed it, where it can be looked at. */
function keep(seed: number, rules: string): void {
  const folder = process.env['KUBECTL_REACH_KEEP'];
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `seed-${seed}.txt`), rules);
}
