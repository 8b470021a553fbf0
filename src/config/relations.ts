import { type ConfigProblem, describeFound, quote } from './problems.ts'
import { isTopicWord, topicWordRule } from './schema.ts'
import type { Source } from './yaml.ts'

/** Names that do not fit together. Judged on the raw value, so that an error elsewhere hides none of them. */
export function relationProblems(source: Source): readonly ConfigProblem[] {
  const clusters = Object.keys(mappingAt(source.value, 'clusters') ?? {})
  const flows = listAt(source.value, 'flows')
  const names = flows.map(flow => textAt(flow, 'name'))
  const flowProblems = flows.flatMap((flow, index) => {
    const problems: ConfigProblem[] = []
    const name = names[index]
    const namesake = names.indexOf(name)
    if (name !== undefined && namesake < index) {
      const found = `${quote(name)}, the name of flows[${namesake}]`
      problems.push(source.problemAt(['flows', index, 'name'], 'a name that no other flow has', found))
    }
    for (const side of ['source', 'target'] as const) {
      const cluster = textAt(flow, side)
      // Without clusters that is the error, and not every flow's.
      if (
        cluster === undefined ||
        cluster.trim() === '' ||
        clusters.length === 0 ||
        clusters.includes(cluster)
      )
        continue
      const known = clusters.map(key => quote(key)).join(', ')
      problems.push(
        source.problemAt(['flows', index, side], `one of the clusters (${known})`, describeFound(cluster)),
      )
    }
    const target = textAt(flow, 'target')
    if (target !== undefined && target === textAt(flow, 'source')) {
      problems.push(
        source.problemAt(['flows', index, 'target'], 'another cluster than the source', quote(target)),
      )
    }
    return [...problems, ...aliasProblems(source, flow, index)]
  })
  return [...clusters.flatMap(name => keyPairProblems(source, name)), ...flowProblems]
}

/** A certificate without its key proves nothing, and a key alone has nothing to prove. */
function keyPairProblems(source: Source, cluster: string): readonly ConfigProblem[] {
  const tls = rawAt(source.value, ['clusters', cluster, 'tls'])
  const has = (key: string): boolean => rawAt(tls, [key]) !== undefined
  const path = ['clusters', cluster, 'tls']
  const both = 'certFile and keyFile together'
  if (has('certFile') && !has('keyFile')) return [source.problemAt(path, both, 'certFile alone')]
  if (has('keyFile') && !has('certFile')) return [source.problemAt(path, both, 'keyFile alone')]
  if (has('keyPassphrase') && !has('keyFile'))
    return [source.problemAt(path, 'keyPassphrase with a keyFile', 'keyPassphrase alone')]
  return []
}

/** A cluster's name is the default of its alias, and an alias becomes part of topic names. */
function aliasProblems(source: Source, flow: unknown, index: number): readonly ConfigProblem[] {
  const replicator = mappingAt(flow, 'replicator')
  if (replicator?.['kind'] !== 'mirrormaker2') return []
  return (['source', 'target'] as const).flatMap(side => {
    const cluster = textAt(flow, side)
    if (replicator[`${side}Alias`] !== undefined || cluster === undefined || isTopicWord(cluster)) return []
    const found = `none, and the cluster's name ${quote(cluster)} cannot be one: ${topicWordRule}`
    return [source.problemAt(['flows', index, 'replicator', `${side}Alias`], "MirrorMaker's alias", found)]
  })
}

/** What the raw value holds under a path, undefined where there is nothing. */
export function rawAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === 'object' && inner !== null && Object.hasOwn(inner, key)
        ? (inner as Readonly<Record<PropertyKey, unknown>>)[key]
        : undefined,
    value,
  )
}

function mappingAt(value: unknown, key: string): Readonly<Record<string, unknown>> | undefined {
  const inner = rawAt(value, [key])
  const isMapping = typeof inner === 'object' && inner !== null && !Array.isArray(inner)
  return isMapping ? (inner as Readonly<Record<string, unknown>>) : undefined
}

function listAt(value: unknown, key: string): readonly unknown[] {
  const inner = rawAt(value, [key])
  return Array.isArray(inner) ? inner : []
}

function textAt(value: unknown, key: string): string | undefined {
  const inner = rawAt(value, [key])
  return typeof inner === 'string' ? inner : undefined
}
