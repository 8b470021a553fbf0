import type { SyntaxNode } from '@lezer/common'
import { parser } from '@prometheus-io/lezer-promql'

/** A piece of a PromQL expression, as the parser of Prometheus' own editor names it. */
export interface PromqlNode {
  readonly name: string
  readonly from: number
  readonly to: number
  readonly text: string
  readonly children: readonly PromqlNode[]
}

export interface ParsedPromql {
  readonly root: PromqlNode
  /** What could not be read, as it stands in the expression. */
  readonly errors: readonly string[]
}

export function parsePromql(expression: string): ParsedPromql {
  const errors: string[] = []
  const plain = (node: SyntaxNode): PromqlNode => {
    const text = expression.slice(node.from, node.to)
    if (node.type.isError) errors.push(`at ${node.from}: "${text}"`)
    const children: PromqlNode[] = []
    for (let child = node.firstChild; child !== null; child = child.nextSibling) children.push(plain(child))
    return { name: node.type.name, from: node.from, to: node.to, text, children }
  }
  const [root, ...more] = plain(parser.parse(expression).topNode).children
  if (root === undefined) throw new Error('an empty expression')
  for (const { from, text } of more) errors.push(`at ${from}: "${text}"`)
  return { root, errors }
}

/** The node and all below it, in the order of the text. */
export function* nodesOf(node: PromqlNode): Generator<PromqlNode> {
  yield node
  for (const child of node.children) yield* nodesOf(child)
}

export function childNamed(node: PromqlNode, name: string): PromqlNode | undefined {
  return node.children.find(child => child.name === name)
}

/** The names in a list of labels such as `(instance, pod)`. */
export function labelNames(list: PromqlNode | undefined): readonly string[] {
  return (list?.children ?? []).filter(({ name }) => name === 'LabelName').map(({ text }) => text)
}

export interface BinaryParts {
  readonly left: PromqlNode
  /** `and`, `>`, `*`, … in lower case. */
  readonly operator: string
  readonly bool: PromqlNode | undefined
  /** `on`, `ignoring` and `group_left` with their labels. */
  readonly matching: PromqlNode | undefined
  readonly right: PromqlNode
}

export function binaryParts(node: PromqlNode): BinaryParts {
  const [left, operator] = node.children
  const right = node.children.at(-1)
  if (left === undefined || operator === undefined || right === undefined)
    throw new Error(`two operands expected: ${node.text}`)
  return {
    left,
    operator: operator.text.toLowerCase(),
    bool: childNamed(node, 'BoolModifier'),
    matching: childNamed(node, 'MatchingModifierClause'),
    right,
  }
}
