import { execFile } from 'node:child_process'

export interface PromtoolResult {
  /** 0 is good; a text where it could not be started. */
  readonly code: number | string | null | undefined
  readonly said: string
}

/** What promtool says to these arguments, and to a text on its standard input. */
export function promtool(args: readonly string[], input = ''): Promise<PromtoolResult> {
  return new Promise(resolve => {
    const child = execFile('promtool', args, { maxBuffer: 1 << 28 }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : error.code, said: stdout + stderr }),
    )
    // Who reads no input may be gone before it is given.
    child.stdin?.on('error', () => undefined).end(input)
  })
}

/** What `promtool check metrics` says of a page in the Prometheus text format; code 0 and nothing said is good. */
export function promtoolCheck(page: string): Promise<PromtoolResult> {
  return promtool(['check', 'metrics'], page)
}
