import { field } from '../../model/protobuf-message.ts';

const ISTIO_APIS = '/apis/networking.istio.io/';

/**
 * The object behind a resource or route, as istiod notes it in the metadata
 * (`/apis/networking.istio.io/v1/namespaces/NS/virtual-service/NAME`): `NAME.NS`. Of another shape it is empty, and of another API
 * `<unknown>`, as istioctl prints it (istioctl/pkg/writer/envoy/configdump/route.go, renderConfig).
 */
export function ownerText(resource: unknown): string {
  const noted = field(resource, 'metadata', 'filter_metadata', 'istio');
  if (typeof noted !== 'object' || noted === null || !('config' in noted)) return '';
  const config = field(noted, 'config');
  const path = typeof config === 'string' ? config : '';
  if (!path.startsWith(ISTIO_APIS)) return '<unknown>';
  const pieces = path.split('/');
  return pieces.length === 8 ? `${pieces[7]}.${pieces[5]}` : '';
}
