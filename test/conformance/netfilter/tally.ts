import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TraversalOutcome } from '../../../src/model/netfilter.ts';
import type { Probe, ProbeResult } from './lab.ts';

/** Packets in all (KUBECTL_REACH_PACKETS), and the seed of the first ruleset (KUBECTL_REACH_SEED). */
const PACKETS = Number(process.env['KUBECTL_REACH_PACKETS'] ?? 2000);
const FIRST_SEED = Number(process.env['KUBECTL_REACH_SEED'] ?? 1);
/** A long run tells how far it is each time that so many more packets were sent. */
const TOLD_EACH = 10_000;
const VERBOSE = process.env['KUBECTL_REACH_VERBOSE'] !== undefined;
/** The share of packets of which we may know too little. */
export const UNDETERMINED_LIMIT = 0.01;

/** A packet that was sent, and what we say of it. */
export interface Held {
  readonly probe: Probe;
  readonly result: ProbeResult;
  readonly outcomes: readonly TraversalOutcome[];
  /** A sentence, when none of our outcomes is what happened. */
  readonly problem: string | null;
  /** What a person would look at then. */
  readonly rules: string;
}

interface Place {
  readonly seed: number;
  readonly name: string;
}

function isDisagreement({ problem, outcomes }: Held): boolean {
  return problem !== null && outcomes.every(({ verdict }) => verdict !== 'undetermined');
}

function sameProbe(one: Probe, other: Probe): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** What became of the packets of a suite: how often we said what the kernel did, something else, or nothing. */
export class Tally {
  rulesets = 0;
  /** Rules that the tool or the kernel would not load. */
  refused = 0;
  private readonly suite: string;
  private packets = 0;
  private answered = 0;
  private undetermined = 0;
  /** Packets that disagreed, and agreed when they were sent again. */
  private once = 0;
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
        const before = Math.floor(this.packets / TOLD_EACH);
        await runSeed(ground, seed);
        if (Math.floor(this.packets / TOLD_EACH) > before) process.stdout.write(this.counts());
      }
    };
    await Promise.all(grounds.map((ground) => work(ground)));
  }

  /**
   * Counts the packets of one ruleset. Where one disagrees, all are sent once more, since on a busy machine packets leave late and traces get
   * lost: what disagrees twice is a disagreement, what does so once is told.
   * @param place what a disagreement is found again by, such as `seed 7 IPv4`
   * @param send loads the ruleset and sends the packets
   */
  async hold(place: Place, send: () => Promise<readonly Held[]>): Promise<void> {
    const first = await send();
    const doubted = first.filter((one) => isDisagreement(one));
    const last = doubted.length === 0 ? first : await send();
    const isTwice = ({ probe }: Held): boolean => doubted.some((one) => sameProbe(one.probe, probe));
    const twice = last.filter((one) => isDisagreement(one) && isTwice(one));
    this.once += doubted.length - twice.length;
    for (const one of last) {
      this.count(isDisagreement(one) && !twice.includes(one) ? { ...one, problem: null } : one, place);
    }
  }

  private count({ probe, result, outcomes, problem, rules }: Held, place: Place): void {
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
    process.stdout.write(this.counts() + reasons.join(''));
    return { disagreements: this.disagreements.slice(0, 10), undetermined: this.undetermined / this.packets };
  }

  private counts(): string {
    const share = (100 * this.undetermined) / this.packets;
    return (
      `${this.suite}: ${this.packets} packets through ${this.rulesets} rulesets (${this.refused} rules refused), ` +
      `${this.answered} answered, ${this.undetermined} undetermined (${share.toFixed(1)} %), ` +
      `${this.disagreements.length} disagree, ${this.once} did once and not again; seeds from ${FIRST_SEED}\n`
    );
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
