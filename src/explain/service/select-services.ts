import type { ServiceFact } from '../../model/kubernetes.ts';
import { compareText } from '../../model/order.ts';
import { NotCapturedError } from '../question/question-input.ts';
import { noSuchService } from '../question/target.ts';
import type { ClusterView } from '../world/cluster-view.ts';

/** Which Services are asked about. */
export interface ServiceSelection {
  /** `web`, `web.shop`, `svc/web`; null: all of the namespace. */
  readonly name: string | null;
  /** null: the default one for a name, all of them without a name. */
  readonly namespace: string | null;
}

/**
 * The Services that are asked about, by namespace and name.
 * @throws QuestionError when there are none
 */
export function selectServices(view: ClusterView, { name, namespace }: ServiceSelection): readonly ServiceFact[] {
  if (name === null) return allServices(view, namespace);
  const bare = name.replace(/^(?:svc|service|services)\//, '');
  const dot = bare.indexOf('.');
  const place = dot < 0 ? (namespace ?? 'default') : (bare.slice(dot + 1).split('.', 1)[0] ?? '');
  const own = dot < 0 ? bare : bare.slice(0, dot);
  const service = view.service(place, own);
  if (service === undefined) throw noSuchService(view, place, own);
  return [service];
}

function allServices(view: ClusterView, namespace: string | null): readonly ServiceFact[] {
  const services = view.objects?.services ?? [];
  const own = services.filter((one) => namespace === null || one.namespace === namespace);
  if (own.length > 0) {
    return own.toSorted((a, b) => compareText(a.namespace, b.namespace) || compareText(a.name, b.name));
  }
  const where = namespace === null ? '' : ` in namespace ${namespace}`;
  throw new NotCapturedError(`there are no Services${where}`, 'none were listed', 'services');
}
