import manifest from '../../package.json' with { type: 'json' };

/** What `version -o json` prints; docs/schema/version.schema.json describes it. */
export interface VersionReport {
  readonly schemaVersion: '1.0';
  readonly name: string;
  readonly version: string;
  readonly node: string;
  readonly platform: string;
}

/** Asked by `--version` and by `version` alone; this file loads nothing, so that the launcher can answer at once. */
export function versionLine(): string {
  return `${manifest.name} ${manifest.version}\n`;
}

export function versionReport(): VersionReport {
  return {
    schemaVersion: '1.0',
    name: manifest.name,
    version: manifest.version,
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
  };
}
