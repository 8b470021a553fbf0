import { spawn } from 'node:child_process'
import { constants } from 'node:os'

/**
 * Runs a line of shell when this process is gone, however it went (SIGKILL too): a waiting shell notices that
 * the pipe from us has closed. Arguments arrive as $1, $2... Returns a function that calls it off.
 */
export function afterDeathOfThisProcess(script: string, ...args: readonly string[]): () => void {
  const guard = spawn('/bin/sh', ['-c', `read -r _ || { ${script}; }`, 'tidemark-lab-guard', ...args], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  guard.once('error', () => undefined)
  guard.unref()
  // The pipe is a socket of ours; only while it is unref'd may the event loop end.
  if (guard.stdin !== null && 'unref' in guard.stdin && typeof guard.stdin.unref === 'function')
    guard.stdin.unref()
  return () => {
    guard.kill('SIGKILL')
  }
}

const cleanups = new Set<() => void>()
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Has a synchronous clean-up run when this process exits, be it by an uncaught error or by a signal that
 * nobody else handles. Returns a function that calls it off.
 */
export function beforeExit(cleanup: () => void): () => void {
  if (cleanups.size === 0) {
    process.on('exit', runCleanups)
    for (const signal of SIGNALS) process.on(signal, exitOn)
  }
  cleanups.add(cleanup)
  return () => {
    if (!cleanups.delete(cleanup) || cleanups.size > 0) return
    process.off('exit', runCleanups)
    for (const signal of SIGNALS) process.off(signal, exitOn)
  }
}

function runCleanups(): void {
  for (const cleanup of cleanups) cleanup()
}

function exitOn(signal: NodeJS.Signals): void {
  // A program with its own handler (the demo) ends in its own order, and comes by at 'exit' at the latest.
  if (process.listenerCount(signal) > 1) return
  process.exit(128 + constants.signals[signal])
}
