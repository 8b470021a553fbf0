import { stat } from 'node:fs/promises'

/** What a file was when it was looked at: differs once it has other content, or another file has its place. */
export type FileMark = string

/**
 * Looks at a file, through links: Kubernetes swaps the folder that a mounted ConfigMap's links point into.
 * @returns its mark; where there is none, one that says why
 */
export async function markOf(path: string): Promise<FileMark> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true })
    return [dev, ino, size, mtimeNs, ctimeNs].join(' ')
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error)
  }
}

/** Looks at a file at intervals, without a watch of the kernel, which network file systems and links do not have. */
export class FileWatch {
  readonly #path: string
  readonly #onChange: () => void
  #handled: FileMark
  #last: FileMark
  #looking = false
  #timer: NodeJS.Timeout | undefined

  /**
   * @param handled the file as it was when it was last read
   * @param onChange called when the file is another than that, and has been the same for one interval: it may be
   * being written
   */
  constructor(path: string, handled: FileMark, onChange: () => void) {
    this.#path = path
    this.#handled = handled
    this.#last = handled
    this.#onChange = onChange
  }

  start(everyMs: number): void {
    this.#timer = setInterval(() => void this.look(), everyMs)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** The file was read when it was this, or right after: it is not new any more. */
  handled(mark: FileMark): void {
    this.#handled = mark
    this.#last = mark
  }

  /** Looks once; not while it still looks, which takes long where the file system hangs. */
  async look(): Promise<void> {
    if (this.#looking) return
    this.#looking = true
    try {
      const mark = await markOf(this.#path)
      const isSettled = mark === this.#last
      this.#last = mark
      if (mark === this.#handled || !isSettled) return
      this.#handled = mark
      this.#onChange()
    } finally {
      this.#looking = false
    }
  }
}
