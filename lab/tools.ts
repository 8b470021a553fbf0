import { existsSync } from 'node:fs'
import { lastLines, runCommand } from './command.ts'

export type Tool = 'java' | 'maven' | 'promtool' | 'alertmanager' | 'chromium'

interface ToolFacts {
  /** What to tell a person to install. */
  readonly need: string
  /** Debian packages that bring it; the first that the machine's release has is taken. */
  readonly packages: readonly string[]
  readonly works: () => Promise<boolean>
}

const TOOLS: Readonly<Record<Tool, ToolFacts>> = {
  java: {
    need: 'a JDK, version 17 or later (java on the PATH)',
    packages: ['openjdk-17-jdk-headless', 'openjdk-21-jdk-headless', 'default-jdk-headless'],
    works: async () => {
      const { code, output } = await runCommand('java', ['-version'])
      const major = code === 0 ? javaMajorVersion(output) : undefined
      return major !== undefined && major >= 17
    },
  },
  maven: {
    need: 'Apache Maven 3.6 or later (mvn on the PATH)',
    packages: ['maven'],
    works: async () => (await runCommand('mvn', ['--version'])).code === 0,
  },
  promtool: {
    need: 'Prometheus (prometheus and promtool on the PATH)',
    packages: ['prometheus'],
    works: async () => (await runCommand('promtool', ['--version'])).code === 0,
  },
  alertmanager: {
    need: 'Alertmanager (prometheus-alertmanager and amtool on the PATH)',
    packages: ['prometheus-alertmanager'],
    works: async () => (await runCommand('amtool', ['--version'])).code === 0,
  },
  chromium: {
    need: 'Chromium (chromium on the PATH)',
    packages: ['chromium', 'chromium-browser'],
    works: async () => (await runCommand('chromium', ['--version'])).code === 0,
  },
}

/** Returns the major version in the output of `java -version` (8 for "1.8.0_402"), or undefined. */
export function javaMajorVersion(output: string): number | undefined {
  const match = /version "(?:1\.)?(\d+)/.exec(output)
  return match === null ? undefined : Number(match[1])
}

/**
 * Makes sure that the tools are there. What is missing is installed with apt-get when this process may do
 * that (root on Debian or a relative of it); otherwise it throws one line that says what to install.
 */
export async function ensureTools(
  tools: readonly Tool[],
  say: (line: string) => void = console.error,
): Promise<void> {
  const missing = await missingTools(tools)
  if (missing.length === 0) return
  if (!existsSync('/etc/debian_version') || process.getuid?.() !== 0) {
    throw new Error(
      `The lab needs ${missing.map(tool => TOOLS[tool].need).join(' and ')}; please install it.`,
    )
  }
  await installWithApt(missing, say)
  const still = await missingTools(missing)
  if (still.length > 0) {
    throw new Error(
      `apt-get installed its packages, but the lab still lacks ${still.map(tool => TOOLS[tool].need).join(' and ')}.`,
    )
  }
}

async function missingTools(tools: readonly Tool[]): Promise<Tool[]> {
  const works = await Promise.all(tools.map(tool => TOOLS[tool].works()))
  return tools.filter((_, index) => works[index] === false)
}

async function installWithApt(missing: readonly Tool[], say: (line: string) => void): Promise<void> {
  say(`Updating the package lists (apt-get update) to install: ${missing.join(', ')}`)
  await aptGet(['update'])
  const packages = await Promise.all(missing.map(tool => firstAvailable(TOOLS[tool].packages)))
  say(`Installing ${packages.join(', ')} (apt-get install); this can take a minute or two`)
  await aptGet(['install', '-y', '--no-install-recommends', ...packages])
}

async function firstAvailable(packages: readonly string[]): Promise<string> {
  for (const name of packages) {
    const { code, output } = await runCommand('apt-cache', ['policy', name])
    if (code === 0 && /Candidate: (?!\(none\))/.test(output)) return name
  }
  throw new Error(`This release has none of these packages: ${packages.join(', ')}.`)
}

async function aptGet(args: readonly string[]): Promise<void> {
  // Another apt-get (a second lab, unattended upgrades) may hold the lock: wait for it.
  const { code, output } = await runCommand('apt-get', ['-o', 'DPkg::Lock::Timeout=300', '-q', ...args], {
    env: { DEBIAN_FRONTEND: 'noninteractive' },
  })
  if (code !== 0) throw new Error(`apt-get ${args.join(' ')} failed:\n${lastLines(output, 10)}`)
}
