import type { ContainerFact } from '../../model/kubernetes.ts';
import type { ItemReader } from './item-reader.ts';

/** Reads a pod's containers, then its init containers, with what its status says of each. */
export function readContainers(pod: ItemReader): ContainerFact[] {
  return [
    ...pod.items('spec', 'containers').flatMap((item) => readContainer(pod, item, false) ?? []),
    ...pod.items('spec', 'initContainers').flatMap((item) => readContainer(pod, item, true) ?? []),
  ];
}

function readContainer(pod: ItemReader, item: ItemReader, init: boolean): ContainerFact | undefined {
  const name = item.string('name');
  if (name === undefined) return item.reject('has no name', []);
  const status = statusOf(pod, name, init);
  const state = status?.value('state');
  return {
    name,
    image: item.string('image') ?? null,
    init,
    sidecar: init && item.string('restartPolicy') === 'Always',
    args: item.strings('args'),
    command: item.strings('command'),
    env: item.items('env').flatMap((variable) => {
      const key = variable.string('name');
      return key === undefined ? [] : [{ name: key, value: readValue(variable) }];
    }),
    ports: item.items('ports').flatMap((port) => readPort(port) ?? []),
    runAsUser: item.integer(0, 2 ** 31 - 1, 'securityContext', 'runAsUser') ?? null,
    runAsGroup: item.integer(0, 2 ** 31 - 1, 'securityContext', 'runAsGroup') ?? null,
    running: status === undefined || state === undefined ? null : status.value('state', 'running') !== undefined,
    ready: status?.boolean('ready') ?? null,
    startedAt: status?.string('state', 'running', 'startedAt') ?? null,
    cursor: item.cursor,
  };
}

/** null for a value that comes from elsewhere (`valueFrom`); absent is the empty text. */
function readValue(variable: ItemReader): string | null {
  if (variable.value('valueFrom') !== undefined) return null;
  return variable.string('value') ?? '';
}

function readPort(port: ItemReader): ContainerFact['ports'][number] | undefined {
  const containerPort = port.integer(1, 65535, 'containerPort');
  const protocol = port.value('protocol') === undefined ? 'TCP' : port.oneOf(['TCP', 'UDP', 'SCTP'], 'protocol');
  if (containerPort === undefined || protocol === undefined) return undefined;
  return {
    name: port.string('name') || null,
    containerPort,
    protocol,
    hostPort: port.port('hostPort') ?? null,
  };
}

function statusOf(pod: ItemReader, name: string, init: boolean): ItemReader | undefined {
  const kind = init ? 'initContainerStatuses' : 'containerStatuses';
  const statuses = pod.value('status', kind);
  const count = Array.isArray(statuses) ? statuses.length : 0;
  for (let at = 0; at < count; at += 1)
    if (pod.value('status', kind, at, 'name') === name) return pod.at('status', kind, at);
  return undefined;
}
