import { catalog, type Family, type SelfMetric, selfCatalog, unitOf } from '../metrics/catalog.ts'

/** docs/metrics.md, from the catalog. */
export function metricsReference(): string {
  const cell = (text: string): string => text.replaceAll('|', '\\|')
  const rows = Object.values<Family>(catalog).map(
    ({ name, type, labels, help }) =>
      `| \`${name}\` | ${type ?? 'gauge'} | ${labels.join(', ')} | ${unitOf(name) ?? ''} | ${cell(help)} |`,
  )
  const own = Object.values<SelfMetric>(selfCatalog).map(
    ({ name, type, labels, help }) => `| \`${name}\` | ${type} | ${labels.join(', ')} | ${cell(help)} |`,
  )
  return `# Metrics

<!-- Generated from src/metrics/catalog.ts: npm run generate -->

Timestamps are Unix seconds; an age is \`time() - timestamp\`. What is not known has no series:
it is never 0. Values are as of the last poll.

| metric | type | labels | unit | meaning |
|---|---|---|---|---|
${rows.join('\n')}

## Tidemark's own health

| metric | type | labels | meaning |
|---|---|---|---|
${own.join('\n')}

Besides these, \`process_*\` and \`nodejs_*\` of prom-client.
`
}
