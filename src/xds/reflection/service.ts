import { ReflectionService } from '@grpc/reflection';
import protobuf from 'protobufjs';
import { descriptors } from '../../protobuf/messages.js';
import { CLIENT_STATUS_SERVICE } from '../csds/service.js';
import type { Open } from '../guard/gate.js';
import { HEALTH_SERVICE } from '../health.js';
import { LOAD_REPORTING_SERVICE } from '../load-reports/service.js';
import { DISCOVERY_SERVICES, type ServiceHost } from '../services.js';
import { fileDescriptors } from './file-descriptors.js';
import { guardedHost } from './guarded-host.js';

const DISCOVERY = 'envoy.service.discovery.v3.';

/**
 * Adds the reflection services, v1 and v1alpha, which describe what this server serves.
 * @param silence how long nothing may be asked on a call, milliseconds
 */
export function addReflection(host: ServiceHost, open: Open, silence: number): void {
  const files = fileDescriptors(servedRoot());
  // Of a package definition the service reads the files only.
  const format = 'Protocol Buffer 3 EnumDescriptorProto';
  const service = new ReflectionService({
    served: { format, type: {}, fileDescriptorProtos: [...files] },
  });
  service.addToServer(guardedHost(host, open, silence));
}

/** The messages with the services and methods that are served, which are fewer than Envoy's protos have. */
function servedRoot(): protobuf.Root {
  const root = protobuf.Root.fromJSON(descriptors().toJSON());
  for (const { name, methods } of DISCOVERY_SERVICES) {
    const service = addService(root, name);
    for (const { name: method, variant } of methods) {
      const kind = variant === 'delta' ? 'DeltaDiscovery' : 'Discovery';
      const [request, response] = [`${DISCOVERY}${kind}Request`, `${DISCOVERY}${kind}Response`];
      service.add(new protobuf.Method(method, 'rpc', request, response, true, true));
    }
  }
  for (const { name, request, response, methods } of [CLIENT_STATUS_SERVICE, LOAD_REPORTING_SERVICE]) {
    const service = addService(root, name);
    for (const { name: method, streaming } of methods)
      service.add(new protobuf.Method(method, 'rpc', request, response, streaming, streaming));
  }
  const health = addService(root, HEALTH_SERVICE.name);
  for (const [method, types] of Object.entries(HEALTH_SERVICE.methods))
    health.add(new protobuf.Method(method, 'rpc', types.request, types.response, false, types.streaming));
  return root;
}

function addService(root: protobuf.Root, fullName: string): protobuf.Service {
  const dot = fullName.lastIndexOf('.');
  const service = new protobuf.Service(fullName.slice(dot + 1));
  root.define(fullName.slice(0, dot)).add(service);
  return service;
}
