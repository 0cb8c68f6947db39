/**
 * Tells whoever waits for events that some were committed. Carries no data: listeners look at the log, which is the truth,
 * so a notification that is lost, doubled or early can do no harm.
 */
export class AppendNotifier {
  private readonly listeners = new Set<() => void>();

  /** Call after a commit, never before: a listener that looks too early sees nothing and goes back to sleep. */
  readonly notify = (): void => {
    for (const listener of this.listeners) listener();
  };

  /** Answers the function that takes the listener away again. */
  listen(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
