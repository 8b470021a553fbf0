import { execFile } from 'node:child_process'

/** What `promtool check metrics` says of a page in the Prometheus text format; code 0 and nothing said is good. */
export function promtoolCheck(
  page: string,
): Promise<{ code: number | string | null | undefined; said: string }> {
  return new Promise(resolve => {
    const child = execFile('promtool', ['check', 'metrics'], (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : error.code, said: stdout + stderr }),
    )
    child.stdin?.end(page)
  })
}
