import { binaryParts, childNamed, labelNames, type PromqlNode } from '../support/promql.ts'

/** What Prometheus adds to every series of a target, as far as rules speak of it. */
export const targetLabels: readonly string[] = ['job', 'instance', 'pod', 'shard']

/** The labels that the series of each name may have. */
export type KnownSeries = ReadonlyMap<string, ReadonlySet<string>>

type Labels = ReadonlySet<string>

const withoutSeries = new Set(['time', 'scalar', 'pi'])
const setOperators = new Set(['and', 'or', 'unless'])
const keepsAll = new Set(['topk', 'bottomk', 'limitk', 'limit_ratio'])

/**
 * The labels that the result of an expression may have; undefined is a scalar. What is wrong with a name or a label on
 * the way is told.
 */
export function labelsOf(
  node: PromqlNode,
  known: KnownSeries,
  tell: (problem: string) => void,
): Labels | undefined {
  const below = (child: PromqlNode | undefined): Labels | undefined =>
    child === undefined ? undefined : labelsOf(child, known, tell)
  switch (node.name) {
    case 'NumberDurationLiteral':
    case 'StringLiteral':
      return undefined
    case 'VectorSelector':
      return ofSelector(node, known, tell)
    case 'FunctionCall':
      return ofFunction(node, below)
    case 'AggregateExpr':
      return ofAggregation(node, below, tell)
    case 'BinaryExpr':
      return ofOperator(node, below, tell)
    case 'ParenExpr':
    case 'MatrixSelector':
    case 'SubqueryExpr':
    case 'OffsetExpr':
      return below(node.children[0])
    case 'UnaryExpr':
      return below(node.children.at(-1))
    default:
      tell(`nothing is known of ${node.name}: ${node.text}`)
      return new Set()
  }
}

function ofSelector(node: PromqlNode, known: KnownSeries, tell: (problem: string) => void): Labels {
  const name = childNamed(node, 'Identifier')?.text ?? ''
  const labels = known.get(name)
  if (labels === undefined) {
    tell(`no metric and no record is called "${name}"`)
    return new Set(targetLabels)
  }
  for (const matcher of childNamed(node, 'LabelMatchers')?.children ?? []) {
    const label = childNamed(matcher, 'LabelName')?.text ?? ''
    if (!labels.has(label)) tell(`${name} has no label "${label}"`)
  }
  return labels
}

type Below = (child: PromqlNode | undefined) => Labels | undefined

function ofFunction(node: PromqlNode, below: Below): Labels | undefined {
  const name = childNamed(node, 'FunctionIdentifier')?.text ?? ''
  const found = (childNamed(node, 'FunctionCallBody')?.children ?? []).map(below)
  if (withoutSeries.has(name)) return undefined
  if (name === 'vector' || name.startsWith('absent')) return new Set()
  return found.find(labels => labels !== undefined)
}

function ofAggregation(node: PromqlNode, below: Below, tell: (problem: string) => void): Labels | undefined {
  const operation = childNamed(node, 'AggregateOp')?.text ?? ''
  const labels = below(childNamed(node, 'FunctionCallBody')?.children.at(-1)) ?? new Set<string>()
  const modifier = childNamed(node, 'AggregateModifier')
  const named = labelNames(modifier && childNamed(modifier, 'GroupingLabels'))
  for (const label of named.filter(name => !isThere(name, labels)))
    tell(`${operation} groups by "${label}", which is not there: ${node.text}`)
  if (keepsAll.has(operation)) return labels
  return modifier !== undefined && childNamed(modifier, 'Without') !== undefined
    ? minus(labels, new Set(named))
    : new Set(named)
}

function ofOperator(node: PromqlNode, below: Below, tell: (problem: string) => void): Labels | undefined {
  const { left, operator, matching, right } = binaryParts(node)
  const [leftLabels, rightLabels] = [below(left), below(right)]
  if (leftLabels === undefined || rightLabels === undefined) return leftLabels ?? rightLabels
  const isOn = matching !== undefined && childNamed(matching, 'On') !== undefined
  const lists = matching?.children.filter(({ name }) => name === 'GroupingLabels') ?? []
  const named = new Set(labelNames(lists[0]))
  for (const label of named) {
    const sides = [leftLabels, rightLabels].map(labels => isThere(label, labels))
    if (isOn ? sides.includes(false) : !sides.includes(true))
      tell(`${isOn ? 'on' : 'ignoring'} names "${label}", which is not there: ${node.text}`)
  }
  const compared = (labels: Labels): Labels =>
    isOn ? new Set([...labels].filter(label => named.has(label))) : minus(labels, named)
  // Series of either side may be wanted as they are; elsewhere labels that one side lacks mean that nothing matches.
  const apart = both(
    minus(compared(leftLabels), compared(rightLabels)),
    minus(compared(rightLabels), compared(leftLabels)),
  )
  if (operator !== 'or' && apart.size > 0)
    tell(`"${operator}" matches nothing where ${[...apart].join(', ')} is set: ${node.text}`)
  if (operator === 'or') return both(leftLabels, rightLabels)
  if (setOperators.has(operator)) return leftLabels
  return ofMatch(matching, leftLabels, rightLabels, compared, labelNames(lists[1]))
}

function ofMatch(
  matching: PromqlNode | undefined,
  left: Labels,
  right: Labels,
  compared: (labels: Labels) => Labels,
  taken: readonly string[],
): Labels {
  const has = (name: string): boolean => matching !== undefined && childNamed(matching, name) !== undefined
  if (has('GroupLeft')) return both(left, new Set(taken))
  if (has('GroupRight')) return both(right, new Set(taken))
  return compared(left)
}

function isThere(label: string, labels: Labels): boolean {
  return labels.has(label) || targetLabels.includes(label)
}

function minus(labels: Labels, others: Labels): Labels {
  return new Set([...labels].filter(label => !others.has(label)))
}

function both(some: Labels, others: Labels): Labels {
  return new Set([...some, ...others])
}
