import { collectLooseFile } from './collect/loose-file.ts';

/** Descriptions of what is asked, one JSON object a line; a line that is none is given back as text alone. */
export async function readJsonLines(path: string): Promise<readonly (readonly [text: string, description: unknown])[]> {
  const artefact = await collectLooseFile(path);
  return artefact.bytes
    .toString('utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => [line.trim(), parseJson(line)] as const);
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
