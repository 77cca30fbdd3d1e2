/**
 * Orders API versions as Kubernetes does (apimachinery pkg/version, CompareKubeAwareVersionStrings): stable before beta before
 * alpha, then the higher number. @returns above 0 when `a` is the more stable
 */
export function compareVersions(a: string, b: string): number {
  const [x, y] = [rank(a), rank(b)];
  return x.stage - y.stage || x.major - y.major || x.minor - y.minor;
}

const STAGES: Readonly<Record<string, number>> = { alpha: 1, beta: 2 };

function rank(apiVersion: string): { stage: number; major: number; minor: number } {
  const version = apiVersion.slice(apiVersion.indexOf('/') + 1);
  const match = /^v(\d{1,9})(?:(alpha|beta)(\d{1,9}))?$/.exec(version);
  if (match === null) return { stage: 0, major: 0, minor: 0 };
  return { stage: STAGES[match[2] ?? ''] ?? 3, major: Number(match[1]), minor: Number(match[3] ?? 0) };
}
