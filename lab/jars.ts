import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { lastLines, runCommand } from './command.ts'

export type KafkaLine = '4.3.1' | '3.9.2'

const DEPENDENCIES: Readonly<Record<KafkaLine, readonly string[]>> = {
  // 4.4.0 was published without connect-mirror, connect-runtime and kafka-tools.
  '4.3.1': [
    'org.apache.kafka:kafka_2.13:4.3.1',
    'org.apache.kafka:connect-mirror:4.3.1',
    'org.apache.kafka:kafka-tools:4.3.1',
    'org.apache.logging.log4j:log4j-slf4j-impl:2.25.1',
    'org.apache.logging.log4j:log4j-core:2.25.1',
  ],
  '3.9.2': [
    'org.apache.kafka:kafka_2.13:3.9.2',
    'org.apache.kafka:connect-mirror:3.9.2',
    'org.apache.kafka:kafka-tools:3.9.2',
    'ch.qos.reload4j:reload4j:1.2.25',
    'org.slf4j:slf4j-reload4j:1.7.36',
  ],
}

/** Returns the folder outside the work tree that holds what the lab downloads: $TIDEMARK_CACHE or ~/.cache/tidemark. */
export function cacheFolder(): string {
  return process.env['TIDEMARK_CACHE'] || join(homedir(), '.cache', 'tidemark')
}

/**
 * Returns the folder with the jars of one Kafka line (broker, MirrorMaker 2, tools), and fills it with Maven
 * the first time. The folder appears complete or not at all, so two processes may do this at once.
 * Throws with the end of Maven's output when the jars cannot be had.
 */
export async function ensureJars(
  line: KafkaLine = '4.3.1',
  say: (line: string) => void = console.error,
): Promise<string> {
  const folder = join(cacheFolder(), `jars-${line}`)
  if (existsSync(folder)) return folder

  await mkdir(cacheFolder(), { recursive: true })
  const workshop = await mkdtemp(join(cacheFolder(), `jars-${line}.partial-`))
  try {
    say(`Fetching Apache Kafka ${line} with Maven (about 55 MB, once; kept in ${folder})`)
    const pom = join(workshop, 'pom.xml')
    await writeFile(pom, pomXml(DEPENDENCIES[line]))
    const { code, output } = await runCommand('mvn', [
      '-q',
      '-B',
      '-f',
      pom,
      'dependency:copy-dependencies',
      '-DoutputDirectory=libs',
      '-DincludeScope=runtime',
    ])
    if (code !== 0) {
      throw new Error(`Maven could not fetch the jars of Apache Kafka ${line}:\n${lastLines(output, 15)}`)
    }
    await rename(join(workshop, 'libs'), folder).catch(error => {
      if (!existsSync(folder)) throw error // otherwise another process was faster, and its folder is as good
    })
  } finally {
    await rm(workshop, { recursive: true, force: true })
  }
  return folder
}

function pomXml(dependencies: readonly string[]): string {
  const elements = dependencies.map(dependency => {
    const [group, artifact, version] = dependency.split(':')
    return `    <dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`
  })
  return [
    '<project xmlns="http://maven.apache.org/POM/4.0.0">',
    '  <modelVersion>4.0.0</modelVersion>',
    '  <groupId>tidemark</groupId><artifactId>lab</artifactId><version>1</version>',
    '  <dependencies>',
    ...elements,
    '  </dependencies>',
    '</project>',
    '',
  ].join('\n')
}
