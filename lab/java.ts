import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ensureJars, type KafkaLine } from './jars.ts'

/** How the programs of one Kafka line are started. */
export interface JavaSetup {
  readonly jars: string
  /** Holds the logging configuration. */
  readonly folder: string
}

/** Returns what is needed to start Kafka's programs, and writes their logging configuration into the folder. */
export async function javaSetup(line: KafkaLine, labFolder: string): Promise<JavaSetup> {
  const jars = await ensureJars(line)
  const folder = join(labFolder, `java-${line}`)
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'log4j2.properties'), LOG4J2)
  await writeFile(join(folder, 'log4j.properties'), RELOAD4J)
  return { jars, folder }
}

export interface JavaProgram {
  readonly mainClass: string
  readonly heapMb: number
  readonly args: readonly string[]
}

/** Returns the arguments of `java`: start-up speed counts here, peak speed does not. */
export function javaArguments(setup: JavaSetup, program: JavaProgram): string[] {
  return [
    `-Xmx${program.heapMb}m`,
    `-Xms${Math.min(64, program.heapMb)}m`,
    '-XX:TieredStopAtLevel=1',
    '-XX:+UseSerialGC',
    '-Xshare:auto',
    '-Djava.awt.headless=true',
    `-Dlog4j2.configurationFile=${join(setup.folder, 'log4j2.properties')}`, // line 4
    `-Dlog4j.configuration=file:${join(setup.folder, 'log4j.properties')}`, // line 3
    '-cp',
    join(setup.jars, '*'),
    program.mainClass,
    ...program.args,
  ]
}

// Every start prints hundreds of settings at INFO; without them the last lines of a log tell what went wrong.
const QUIET = [
  'org.apache.kafka.common.config',
  'org.apache.kafka.clients',
  'org.apache.kafka.connect.runtime.WorkerSourceTask',
  'org.apache.kafka.connect.runtime.AbstractWorkerSourceTask',
  'org.eclipse.jetty',
  'org.glassfish',
]

const LOG4J2 = `status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{ISO8601} %-5p %c{1} %m%n
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
${QUIET.map((name, index) => `logger.quiet${index}.name = ${name}\nlogger.quiet${index}.level = warn\n`).join('')}`

const RELOAD4J = `log4j.rootLogger=INFO, console
log4j.appender.console=org.apache.log4j.ConsoleAppender
log4j.appender.console.layout=org.apache.log4j.PatternLayout
log4j.appender.console.layout.ConversionPattern=%d{ISO8601} %-5p %c{1} %m%n
${QUIET.map(name => `log4j.logger.${name}=WARN\n`).join('')}`
