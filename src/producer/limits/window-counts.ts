import { LRUCache } from 'lru-cache';

/** How often a key was counted in its window. */
export interface Window {
  count: number;
  /** Unix ms. */
  endsAt: number;
}

export interface WindowSettings {
  /** Length of a window in ms; a key's begins with the first count after the one before. */
  perMs: number;
  /** Keys remembered at once; beyond it the one that was not counted for longest is forgotten. */
  mostKeys: number;
  /** Unix ms. */
  now: () => number;
}

/** Counts by key in fixed windows, in the memory of a bounded number of keys. */
export class WindowCounts {
  private readonly windows: LRUCache<string, Window>;

  constructor(private readonly settings: WindowSettings) {
    this.windows = new LRUCache({ max: settings.mostKeys });
  }

  /** Counts one more. */
  add(key: string): Window {
    const now = this.settings.now();
    const open = this.openAt(key, now);
    if (open) {
      open.count += 1;
      return open;
    }
    const begun = { count: 1, endsAt: now + this.settings.perMs };
    this.windows.set(key, begun);
    return begun;
  }

  /** The window that is open now, if there is one; counts nothing. */
  peek(key: string): Window | undefined {
    return this.openAt(key, this.settings.now());
  }

  private openAt(key: string, now: number): Window | undefined {
    const window = this.windows.get(key);
    // The other end as well: a clock that was set back must not keep a window open for as long as that.
    return window && now < window.endsAt && now >= window.endsAt - this.settings.perMs ? window : undefined;
  }
}
