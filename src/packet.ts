/**
 * What `kubectl reach packet`, and anybody who asks about packets alone, may call: apart from src/index.ts, because it needs a small
 * part of all that the walk needs. In: paths and descriptions of packets. Out: answers and their text. It knows neither flags nor
 * the process.
 */
import { packetReport } from './explain/packet/packet-report.ts';
import { packetText } from './explain/packet/packet-text.ts';
import type { PacketAnswer, PacketFailure } from './explain/packet/packet.ts';
import { renderJson, renderJsonLine } from './render/json.ts';
import { renderPacket, type PacketLayout } from './render/packet.ts';

export { renderGaps } from './render/gaps.ts';
export { answerFlows, openPacketMachine, type PacketMachine } from './packet-machine.ts';

/** Text of the answer for one packet. */
export async function renderPacketAnswer(
  answer: PacketAnswer,
  format: 'text' | 'json' | 'yaml',
  layout: PacketLayout,
): Promise<string> {
  if (format === 'text') return renderPacket(packetText(answer), layout);
  const report = { schemaVersion: '1.0', ...packetReport(answer) };
  if (format === 'json') return renderJson(report);
  // Loaded here: it costs more than an answer.
  const { renderYaml } = await import('./render/yaml.ts');
  return renderYaml(report);
}

/** The answer for one packet of many, on a line. */
export function renderPacketLine(answer: PacketAnswer | PacketFailure): string {
  return renderJsonLine(packetReport(answer));
}

/** What answers mean to a caller, the worst first. `usage`: not all could be answered. */
const STATUSES = ['usage', 'undetermined', 'unreachable', 'ok'] as const;

export type PacketStatus = (typeof STATUSES)[number];

/** What the answer for one packet means to a caller. */
export function packetStatus(answer: PacketAnswer | PacketFailure): PacketStatus {
  if ('error' in answer) return 'usage';
  if (answer.outcomes.some(({ action }) => action === 'undetermined')) return 'undetermined';
  return answer.outcomes.every(({ action }) => action === 'accept') ? 'ok' : 'unreachable';
}

/** The worst of several; `ok` of none. */
export function worstStatus(statuses: Iterable<PacketStatus>): PacketStatus {
  const met = new Set(statuses);
  return STATUSES.find((status) => met.has(status)) ?? 'ok';
}
