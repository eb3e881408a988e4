import { textOf } from '../../text-of.js';
import type { HttpAnswer } from '../http/http-client.js';
import type { NacosApi } from './api.js';
import { isRecord } from './api.js';

/** Nacos 3.x. It lists services for administrators alone, yet lets whoever may read the namespace be one here. */
export const apiV3: NacosApi = {
  version: 'v3',

  // The server takes the group for a regular expression that may match a part.
  services: ({ namespace, group }, page, size) => ({
    path: '/v3/admin/ns/service/list',
    query: { namespaceId: namespace, groupNameParam: group, pageNo: page, pageSize: size },
  }),

  readServices(answer, { group }) {
    const data = dataOf(answer);
    if (!isRecord(data) || typeof data.totalCount !== 'number' || !Array.isArray(data.pageItems))
      throw answer.errors.badAnswer('this is no list of services');
    const names = data.pageItems.flatMap((item) =>
      isRecord(item) && item.groupName === group && typeof item.name === 'string' ? [item.name] : [],
    );
    return { names, entries: data.pageItems.length, total: data.totalCount };
  },

  // Without a cluster name the server lists the cluster DEFAULT alone; the comma is a list of no names: all clusters.
  instances: ({ namespace, group, service }) => ({
    path: '/v3/client/ns/instance/list',
    query: { namespaceId: namespace, groupName: group, serviceName: service, clusterName: ',' },
  }),

  readInstances(answer) {
    const data = dataOf(answer);
    if (!Array.isArray(data)) throw answer.errors.badAnswer('this is no list of instances');
    return data;
  },
};

function dataOf(answer: HttpAnswer): unknown {
  const result = answer.json();
  if (!isRecord(result) || typeof result.code !== 'number')
    throw answer.errors.badAnswer('this is no result of Nacos');
  if (result.code !== 0) throw answer.errors.badAnswer(`code ${result.code}: ${textOf(result.message)}`);
  return result.data;
}
