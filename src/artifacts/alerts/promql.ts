import { catalog, selfCatalog } from '../../metrics/catalog.ts'

/** Names of metrics, from the catalog only. */
export const metric = {
  ...mapped(catalog, ({ name }) => name),
  ...mapped(selfCatalog, ({ name }) => name),
}

/** Target labels that tell replicas of one exporter apart. */
export const replicaLabels = 'instance, pod'
/** Those and the one that tells the shards of one flow apart. */
export const copyLabels = 'instance, pod, shard'

/** The largest value that any replica or shard gives. */
export function maxOf(vector: string, ...labels: readonly string[]): string {
  return `max without (${[copyLabels, ...labels].join(', ')}) (${vector})`
}

/** 1 where any replica or shard gives a value, whatever it is. */
export function anyOf(vector: string, ...labels: readonly string[]): string {
  return `group without (${[copyLabels, ...labels].join(', ')}) (${vector})`
}

/** The last value within a range, so that a scrape that failed leaves no hole. */
export function lastOf(selector: string, range: string): string {
  return `last_over_time(${selector}[${range}])`
}

function mapped<T extends object, R>(
  record: T,
  map: (value: T[keyof T]) => R,
): { readonly [Key in keyof T]: R } {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)])) as {
    readonly [Key in keyof T]: R
  }
}
