import { cruise, type ICruiseOptions, type ICruiseResult, type IForbiddenRuleType } from 'dependency-cruiser'

// The layers: model <- config, compare, assess, replicators <- metrics, present, artifacts, sources <- observe
// <- http, cli <- main. Each rule says why it is there.

const layer = (name: string, reason: string, allowed: readonly string[]): IForbiddenRuleType => ({
  name: `${name}-imports-only-what-lies-below`,
  comment: reason,
  severity: 'error',
  from: { path: `^src/${name}/` },
  to: { path: '^src/', pathNot: `^src/(${[name, ...allowed].join('|')})(/|\\.ts$)` },
})

const pure = ['model', 'config', 'compare', 'assess', 'replicators']

const forbidden: IForbiddenRuleType[] = [
  layer('model', 'The plain types are what every layer shares, so they know none of them.', []),
  layer('config', 'What a user wrote is turned into plain types; nothing else is needed for it.', ['model']),
  layer('compare', 'The arithmetic of the product is pure: values in, values out.', ['model']),
  layer('assess', 'A judgement rests on facts alone.', ['model']),
  layer('replicators', 'What an engine means must not depend on how its bytes are read.', ['model']),
  layer('sources', 'Bytes enter here; nothing is judged here.', ['model', 'config', 'replicators']),
  layer('metrics', 'A metric is a view of the snapshot; it must not be able to read a cluster.', pure),
  layer('present', 'A page is a view of the snapshot; it must not be able to read a cluster.', [
    ...pure,
    'metrics',
  ]),
  layer('artifacts', 'Generated files come from the catalog and the schema alone.', [
    ...pure,
    'metrics',
    'present',
  ]),
  layer('telemetry', 'Logging and tracing serve all layers and know none of them.', ['model']),
  layer('observe', 'Polling reads and compares; how it is shown is not its business.', [
    ...pure,
    'sources',
    'telemetry',
  ]),
  layer('http', 'HTTP shows what was observed; it must not be able to send a Kafka request.', [
    ...pure,
    'metrics',
    'present',
  ]),
  {
    name: 'no-input-or-output-in-pure-layers',
    comment:
      'No clocks, no environment, no input or output below observe: what was read and the time are passed in.',
    severity: 'error',
    from: { path: '^src/(model|compare|assess|replicators|metrics|present|artifacts)/' },
    to: { dependencyTypes: ['core'], pathNot: '^(node:)?(buffer|crypto)$' },
  },
  {
    name: 'one-door-to-kafka',
    comment:
      'Only the driver knows the Kafka client, so that it can be held to the list of APIs that only read.',
    severity: 'error',
    from: { path: '^src/', pathNot: '^src/sources/kafka/' },
    to: { path: 'node_modules/@platformatic' },
  },
  {
    name: 'one-door-to-opentelemetry',
    comment:
      'Its SDK is loaded when the environment asks for it and never else; its API changes in one place.',
    severity: 'error',
    from: { path: '^src/', pathNot: '^src/telemetry/' },
    to: { path: 'node_modules/@opentelemetry' },
  },
  {
    name: 'the-product-does-not-know-its-lab',
    comment:
      'The lab and its client are independent, so that what is measured never comes from the code under test.',
    severity: 'error',
    from: { path: '^src/' },
    to: { path: '^(lab|test|bench)/|node_modules/kafkajs' },
  },
  {
    name: 'only-runtime-dependencies',
    comment: 'The published package has no development dependencies.',
    severity: 'error',
    from: { path: '^src/' },
    to: { dependencyTypes: ['npm-dev'] },
  },
  {
    name: 'no-cycles',
    comment: 'Files that import each other are one file.',
    severity: 'error',
    from: { path: '^(src|lab)/' },
    to: { circular: true },
  },
  {
    name: 'no-orphans',
    comment: 'A file that nothing imports is dead.',
    severity: 'error',
    from: { orphan: true, path: '^src/', pathNot: '^src/main\\.ts$' },
    to: {},
  },
]

const options: ICruiseOptions = {
  doNotFollow: { path: 'node_modules' },
  tsConfig: { fileName: 'tsconfig.json' },
  tsPreCompilationDeps: true,
  enhancedResolveOptions: {
    exportsFields: ['exports'],
    conditionNames: ['import', 'node', 'default', 'types'],
  },
}

// A run that looked at nothing would pass: it fails instead.
const expectedAtLeast = 20

const { output } = await cruise(['src', 'lab'], { ...options, ruleSet: { forbidden }, validate: true })
const { modules, summary } = output as ICruiseResult
const ours = modules.filter(({ source }) => source.startsWith('src/')).length
if (ours < expectedAtLeast) {
  console.error(`layers: only ${ours} modules of src were seen, expected at least ${expectedAtLeast}`)
  process.exit(1)
}
for (const { from, to, rule } of summary.violations) {
  const reason = forbidden.find(({ name }) => name === rule.name)?.comment
  console.error(`${from} -> ${to}: ${rule.name}. ${reason}`)
}
if (summary.violations.length > 0) process.exit(1)
console.log(`layers: ${ours} modules, no rule broken`)
