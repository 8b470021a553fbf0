import {
  binaryParts,
  childNamed,
  labelNames,
  nodesOf,
  type PromqlNode,
  parsePromql,
} from '../support/promql.ts'

/** One change of an expression. */
export interface ChangedExpression {
  readonly what: string
  readonly expr: string
}

/** A part of the text, and what it becomes. */
interface Edit {
  readonly node: Pick<PromqlNode, 'from' | 'to'>
  readonly text: string
  readonly what: string
}

/** All expressions that differ from this one by a single mechanical change, in the order of the text. */
export function changesOf(expression: string): readonly ChangedExpression[] {
  return [...nodesOf(parsePromql(expression).root)].flatMap(editsOf).map(({ node, text, what }) => ({
    what: `${what} (at ${node.from})`,
    expr: expression.slice(0, node.from) + text + expression.slice(node.to),
  }))
}

function editsOf(node: PromqlNode): readonly Edit[] {
  switch (node.name) {
    case 'BinaryExpr':
      return ofOperator(node)
    case 'AggregateExpr':
      return ofAggregation(node)
    case 'FunctionCall':
      return ofFunction(node)
    case 'MatrixSelector':
    case 'SubqueryExpr':
      return ofRange(node)
    case 'LabelMatchers':
      return ofMatchers(node)
    case 'GroupingLabels':
      return labelNames(node).map(label => withoutLabel(node, label))
    case 'NumberDurationLiteral':
      return ofNumber(node)
    default:
      return []
  }
}

const comparisons: Readonly<Record<string, string>> = {
  '<': '>',
  '>': '<',
  '<=': '>=',
  '>=': '<=',
  '==': '!=',
  '!=': '==',
}
/** What loosens or tightens a comparison by its limit: of times and shares nothing stands there, of counts above 0. */
const limits: Readonly<Record<string, string>> = { '>': '>=', '<': '<=' }

/** Each operand alone, and for a comparison the other ones. */
function ofOperator(node: PromqlNode): readonly Edit[] {
  const { left, operator, bool, right } = binaryParts(node)
  const sign = node.children[1]
  const others = [comparisons[operator], right.text === '0' ? limits[operator] : undefined].filter(
    other => other !== undefined,
  )
  const what = shortened(node)
  return [
    ...[left, right].map(operand => ({
      node,
      text: `(${operand.text})`,
      what: `only ${operand === left ? 'the left' : 'the right'} side of "${operator}" in ${what}`,
    })),
    ...(sign === undefined
      ? []
      : others.map(other => ({ node: sign, text: other, what: `"${operator}" is "${other}" in ${what}` }))),
    ...(bool === undefined ? [] : [{ node: bool, text: '', what: `no bool in ${what}` }]),
  ]
}

const aggregations: Readonly<Record<string, string>> = {
  max: 'min',
  min: 'max',
  sum: 'max',
  count: 'sum',
  topk: 'bottomk',
}

function ofAggregation(node: PromqlNode): readonly Edit[] {
  const operation = childNamed(node, 'AggregateOp')
  const other = aggregations[operation?.text ?? '']
  return operation === undefined || other === undefined
    ? []
    : [{ node: operation, text: other, what: `${operation.text} is ${other} in ${shortened(node)}` }]
}

const overTime: Readonly<Record<string, string>> = {
  max_over_time: 'min_over_time',
  avg_over_time: 'max_over_time',
  sum_over_time: 'count_over_time',
}

/** Another function over the same range, and the latest value alone. */
function ofFunction(node: PromqlNode): readonly Edit[] {
  const name = childNamed(node, 'FunctionIdentifier')
  const matrix = childNamed(node, 'FunctionCallBody')?.children[0]
  const vector = matrix?.children[0]
  if (name === undefined || matrix?.name !== 'MatrixSelector' || vector === undefined) return []
  const other = overTime[name.text]
  return [
    { node, text: vector.text, what: `no ${name.text} in ${shortened(node)}` },
    ...(other === undefined ? [] : [{ node: name, text: other, what: `${name.text} is ${other}` }]),
  ]
}

/** Three times as long, and a third. */
function ofRange(node: PromqlNode): readonly Edit[] {
  const duration = childNamed(node, 'DurationExpr')
  if (duration === undefined) return []
  const seconds = secondsOf(duration.text)
  return [seconds * 3, Math.round(seconds / 3)].map(changed => ({
    node: duration,
    text: `${changed}s`,
    what: `[${duration.text}] is [${changed}s] in ${shortened(node)}`,
  }))
}

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 }

function secondsOf(duration: string): number {
  const [, digits, unit = ''] = /^(\d+)([smhd])$/.exec(duration) ?? []
  const seconds = Number(digits) * (unitSeconds[unit] ?? Number.NaN)
  if (Number.isNaN(seconds)) throw new Error(`not a duration that rules have: ${duration}`)
  return seconds
}

function ofMatchers(node: PromqlNode): readonly Edit[] {
  return node.children.map(({ text }) => {
    const others = node.children.filter(matcher => matcher.text !== text).map(matcher => matcher.text)
    return { node, text: `{${others.join(', ')}}`, what: `without the matcher ${text}` }
  })
}

function withoutLabel(node: PromqlNode, label: string): Edit {
  const others = labelNames(node).filter(other => other !== label)
  return { node, text: `(${others.join(', ')})`, what: `without "${label}" in ${node.text}` }
}

/** Twice as much, and half. */
function ofNumber(node: PromqlNode): readonly Edit[] {
  const value = Number(node.text)
  if (Number.isNaN(value)) return []
  const changed = value === 0 ? [1, -1] : [value * 2, value / 2]
  return changed.map(number => ({ node, text: String(number), what: `${node.text} is ${number}` }))
}

function shortened({ text }: PromqlNode): string {
  const line = text.replaceAll(/\s+/g, ' ')
  return line.length > 100 ? `${line.slice(0, 60)} … ${line.slice(-35)}` : line
}
