// Gets a fresh clone ready to run: plain JavaScript for Node 18 or later, without dependencies,
// because it runs before node_modules (and with it the project's own Node 24) exists.
import { spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const lockFile = join(root, 'package-lock.json')
const installedLockFile = join(root, 'node_modules', '.package-lock.json')
const node24 = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node')

/** Why `npm ci` has to run, or undefined when everything is in place. */
function reasonToInstall() {
  if (!existsSync(installedLockFile)) return 'node_modules is missing'
  if (statSync(installedLockFile).mtimeMs < statSync(lockFile).mtimeMs)
    return 'package-lock.json is newer than node_modules'
  return reasonNodeIsUnfit()
}

/** What is wrong with the Node in node_modules, or undefined when it is a Node 24. */
function reasonNodeIsUnfit() {
  const { error, stdout } = spawnSync(node24, ['--version'], {
    encoding: 'utf8',
    shell: process.platform === 'win32',
  })
  const version = error || !stdout ? '' : stdout.trim()
  if (version.startsWith('v24.')) return undefined
  return version === '' ? 'Node 24 is missing from node_modules' : `node_modules has Node ${version}, not v24`
}

function npmCi() {
  // Only errors: on an older Node, npm warns at length about packages that want the Node 24 it is installing.
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error']
  const npm = process.env.npm_execpath
  const options = { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] }
  // Under another package manager the variable names that one.
  if (npm && /npm-cli\.c?js$/.test(npm)) return spawnSync(process.execPath, [npm, ...args], options)
  return spawnSync('npm', args, { ...options, shell: process.platform === 'win32' })
}

function fail(message) {
  console.error(`bootstrap: ${message}`)
  process.exit(1)
}

if (!existsSync(lockFile)) fail('package-lock.json is missing; restore it from the repository')
const reason = reasonToInstall()
if (reason !== undefined) {
  console.error(`bootstrap: ${reason}: running npm ci`)
  const { error, status, signal } = npmCi()
  if (error) fail(`npm could not be started (${error.message}); is it on the PATH?`)
  if (status !== 0) fail(`npm ci failed (${signal ?? `exit code ${status}`}); its own message is above`)
  const unfit = reasonNodeIsUnfit()
  if (unfit !== undefined)
    fail(
      `${unfit}, although npm ci succeeded. The npm package "node" fetches its binary in an install script: run npm ci without --ignore-scripts (npm config get ignore-scripts)`,
    )
}
