import { existsSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { fileSystemError, InputError } from '../input-error.ts';
import {
  parseKubeconfig,
  type ClusterEntry,
  type ContextEntry,
  type Kubeconfig,
  type UserEntry,
} from './kubeconfig-file.ts';

/** What the machine tells, apart from files; tests give their own. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The kubeconfig that kubectl would read: `--kubeconfig`, else the files of KUBECONFIG, else ~/.kube/config. Of several files the
 * first that names something wins, whole entry by whole entry, and files that do not exist are skipped
 * (k8s.io/client-go/tools/clientcmd/loader.go, ClientConfigLoadingRules.Load).
 * @param explicit the one file of `--kubeconfig`, which must exist; null: not given
 * @throws InputError when a file cannot be read or is no kubeconfig
 */
export function loadKubeconfig(explicit: string | null, environment: Environment): Kubeconfig {
  const files = explicit === null ? defaultFiles(environment) : [explicit];
  const readable = files.filter((file) => file === explicit || existsSync(file));
  return mergeKubeconfigs(readable.map(readKubeconfig));
}

/** Where kubectl looks without `--kubeconfig`. */
export function defaultFiles(environment: Environment): readonly string[] {
  const listed = environment['KUBECONFIG'] ?? '';
  if (listed !== '') return [...new Set(listed.split(path.delimiter))].filter((file) => file !== '');
  return [path.join(environment['HOME'] ?? homedir(), '.kube', 'config')];
}

function readKubeconfig(file: string): Kubeconfig {
  let text: string;
  try {
    if (statSync(file).isDirectory()) {
      throw new InputError(file, `${file} is a folder, not a kubeconfig`, 'Name a file with --kubeconfig.');
    }
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw error instanceof InputError ? error : fileSystemError(file, error);
  }
  return parseKubeconfig(file, text);
}

/** The first file that names something wins. */
function mergeKubeconfigs(configs: readonly Kubeconfig[]): Kubeconfig {
  const first = <T>(pick: (config: Kubeconfig) => ReadonlyMap<string, T>): ReadonlyMap<string, T> =>
    new Map(configs.toReversed().flatMap((config) => [...pick(config)]));
  return {
    clusters: first<ClusterEntry>((config) => config.clusters),
    users: first<UserEntry>((config) => config.users),
    contexts: first<ContextEntry>((config) => config.contexts),
    currentContext: configs.find((config) => config.currentContext !== null)?.currentContext ?? null,
  };
}
