import type { NacosApi } from './api.js';
import { isRecord } from './api.js';

/** Nacos 1.x and 2.x, and 3.x where its compatibility switch is on. */
export const apiV1: NacosApi = {
  version: 'v1',

  services: ({ namespace, group }, page, size) => ({
    path: '/v1/ns/service/list',
    query: { namespaceId: namespace, groupName: group, pageNo: page, pageSize: size },
  }),

  readServices(answer) {
    const list = answer.json();
    if (!isRecord(list) || typeof list.count !== 'number' || !Array.isArray(list.doms))
      throw answer.errors.badAnswer('this is no list of services');
    const names = list.doms.filter((name) => typeof name === 'string');
    return { names, entries: list.doms.length, total: list.count };
  },

  instances: ({ namespace, group, service }) => ({
    path: '/v1/ns/instance/list',
    query: { namespaceId: namespace, groupName: group, serviceName: `${group}@@${service}` },
  }),

  readInstances(answer) {
    const service = answer.json();
    if (!isRecord(service) || !Array.isArray(service.hosts))
      throw answer.errors.badAnswer('this is no list of instances');
    return service.hosts;
  },
};
