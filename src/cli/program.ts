import { Argument, Command, CommanderError, Option } from 'commander'
import { type CommandOutput, exitCode } from './output.ts'

/** How a secret is named in an option. */
const secretForms = `'\${env:NAME}' or '\${file:PATH}'`

const help = {
  program: `
Tidemark watches pairs of Kafka clusters that replicate to each other and answers, all the time and provably:
if the source died right now, how much would we lose? It only reads.

Begin with a file like this, and "tidemark validate --config tidemark.yaml":

  clusters:
    east: { bootstrapServers: [east-1:9092] }
    west: { bootstrapServers: [west-1:9092] }
  flows:
    - name: east-to-west
      source: east
      target: west
      replicator: { kind: mirrormaker2 }
      topics: { include: ["orders.*", "payments"] }
      rpo: { budget: 5m }

Every key is described in docs/configuration.md.`,
  serve: `
Gives, on server.listen (default :9847):
  /                     what would be lost now, in words
  /metrics              Prometheus text, or OpenMetrics by Accept
  /api/v1/flows         the same as JSON; /api/v1/flows/{flow} with topics and partitions
  /healthz, /readyz     the process lives; the first poll of every flow has ended, whatever it found

It needs to be allowed, on both clusters: DESCRIBE on the topics in scope, and READ on MirrorMaker's internal topics
(mm2-offset-syncs.*, mm2-offsets.*, mm2-status.*, *.heartbeats). Run it outside the source's region.

Reads its configuration again when the file changes, and on SIGHUP; a bad file is refused, and the old one stays.
Ends with exit code 0 on SIGTERM or SIGINT; 2 when the configuration is wrong.`,
  validate: `
Prints every problem at once, with its place in the file, what was expected and what was found; secrets and
certificates that it names are read as well. Connects to nothing, unless with --connect: then it tries everything that
Tidemark reads on every cluster and prints, for what is refused, what is unknown without it and the command that
grants it. It only reads.
Exit code 0 when it is valid (warnings included) and, with --connect, all that is there can be read; 1 when not
everything can be read, 2 when the configuration is wrong.`,
  report: `
Writes one HTML file for people who have to rely on it later: what would be lost now, on what basis, what cannot be
seen; with a month, how the objective was kept in it, from the series that the recording rules wrote.

  tidemark report --out report.html --from http://tidemark:9847
  tidemark report --out october.html --from http://tidemark:9847 --prometheus http://prometheus:9090 --month 2026-10

By a configuration it polls by itself, a few times: what needs history is then unknown. A secret is named, not written:
--prometheus-token '\${env:PROMETHEUS_TOKEN}' or '\${file:/run/secrets/token}'.

Exit code 0 when the file is written, 1 when something could not be read, 2 for wrong options or a wrong configuration.
A file that is there already is replaced only by a whole one.`,
  generate: `
docs: the references of metrics, configuration, permissions and API. alerts: recording and alert rules for Prometheus, Mimir and
Thanos, the same as a PrometheusRule, their promtool tests, an example for Alertmanager and its PagerDuty template.
dashboards: four dashboards for Grafana, which rest on these rules.

  tidemark generate alerts --out alerts
  tidemark generate dashboards --out dashboards
  tidemark generate alerts --explain --config tidemark.yaml

Exit code 0, or 2 for wrong options or a wrong configuration.`,
}

/**
 * The command line. Runs the command that the arguments name and returns the exit code of the process.
 * Commands are loaded when they run, so that --help is quick.
 */
export async function runProgram(
  args: readonly string[],
  version: string,
  output: CommandOutput,
): Promise<number> {
  let code: number = exitCode.ok
  const program = new Command('tidemark')
    .description('If the source Kafka cluster died right now, how much would you lose?')
    .version(version)
    .addHelpText('after', help.program)
    .showHelpAfterError('(tidemark --help shows what there is)')
    .exitOverride()
    .configureOutput({
      writeOut: text => output.write(text.trimEnd()),
      writeErr: text => output.error(text.trimEnd()),
    })

  program
    .command('serve')
    .description('run the exporter')
    .requiredOption('--config <file>', 'the configuration, YAML')
    .addOption(
      new Option('--log-level <level>', 'how much to log')
        .choices(['debug', 'info', 'warn', 'error'])
        .default('info'),
    )
    .addHelpText('after', help.serve)
    .action(async (options: { config: string; logLevel: string }) => {
      const { serve } = await import('./serve.ts')
      code = await serve({ ...options, version }, output)
    })

  program
    .command('validate')
    .description('check a configuration')
    .requiredOption('--config <file>', 'the configuration, YAML')
    .option('--connect', 'also try, on every cluster, all that Tidemark reads there')
    .addHelpText('after', help.validate)
    .action(async (options: { config: string; connect?: boolean }) => {
      const { validate } = await import('./validate/validate.ts')
      code = await validate(options, output)
    })

  program
    .command('report')
    .description('write what is known now, and how a month went, as one HTML file')
    .requiredOption('--out <file>', 'the file to write')
    .option('--from <url>', 'the exporter that runs, such as http://tidemark:9847')
    .option('--config <file>', 'or a configuration, YAML, to poll by')
    .option('--flow <name>', 'only this flow')
    .optionsGroup('With a month:')
    .option('--prometheus <url>', 'the Prometheus that evaluates the recording rules')
    .option('--month <YYYY-MM>', 'which month, in UTC; the running one is judged until now')
    .option('--prometheus-token <secret>', `a bearer token: ${secretForms}`)
    .option('--prometheus-user <name>', 'a user for basic authentication')
    .option('--prometheus-password <secret>', `its password: ${secretForms}`)
    .addHelpText('after', help.report)
    .action(async (options: { out: string }) => {
      const { report } = await import('./report.ts')
      code = await report({ ...options, version }, output)
    })

  program
    .command('generate')
    .description('write what is generated from the catalog and the schema')
    .addArgument(new Argument('<what>', 'which of them').choices(['alerts', 'dashboards', 'docs']))
    .option('--out <dir>', 'where to')
    .optionsGroup('Of alerts, the intervals also of dashboards:')
    .option('--explain', 'instead of writing: how long each alert takes from a breach to its page')
    .option('--config <file>', 'whose polls and objectives to explain')
    .option('--scrape-interval <duration>', 'the longest at which Prometheus scrapes the exporter', '30s')
    .option('--evaluation-interval <duration>', 'how often the rules are evaluated', '30s')
    .option('--restart <duration>', 'what a restart of the exporter may take', '2m')
    .option('--keep-firing <duration>', 'how long a page stays after its reason has gone', '5m')
    .option('--group-wait <duration>', "Alertmanager's group_wait, to explain", '10s')
    .option('--retention <duration>', 'how long Prometheus keeps samples, to explain', '15d')
    .option('--runbooks-url <url>', 'where the runbooks are; of this version by default')
    .option(
      '--dashboard-url <url>',
      "a dashboard to link to, $flow in it is the flow; else Prometheus' own graph",
    )
    .addHelpText('after', help.generate)
    .action(async (what: string, options: { out?: string }) => {
      if (what === 'alerts') {
        const { generateAlerts } = await import('./generateAlerts.ts')
        code = await generateAlerts({ ...options, version }, output)
        return
      }
      const { out } = options
      if (out === undefined) return program.error("error: required option '--out <dir>' not specified")
      if (what === 'dashboards') {
        const { generateDashboards } = await import('./generateDashboards.ts')
        code = await generateDashboards({ ...options, out }, output)
        return
      }
      const { generate } = await import('./generate.ts')
      code = await generate({ out }, output)
    })

  try {
    await program.parseAsync([...args], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? exitCode.ok : exitCode.usage
  }
  return code
}
