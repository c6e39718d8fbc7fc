/** What the device says about the network and the person's attention. */
export interface Device {
  /** False only where the device says that it has no network. Not to be trusted, only to be shown. */
  isOnline(): boolean;
  /** `changed` is called when the network comes or goes, and when the page is looked at again. */
  listen(changed: () => void): () => void;
}

interface Target {
  addEventListener?(type: string, listener: () => void): void;
  removeEventListener?(type: string, listener: () => void): void;
}

/** The browser's signals; silent where there are none, as in Node. */
export const systemDevice: Device = {
  isOnline: () => platform().navigator?.onLine !== false,
  listen: (changed) => {
    const { document } = platform();
    const visible = () => {
      if (document?.visibilityState === 'visible') changed();
    };
    const wired: [Target, string, () => void][] = [
      [platform(), 'online', changed],
      [platform(), 'offline', changed],
      [platform(), 'pageshow', changed],
      ...(document === undefined
        ? []
        : [[document, 'visibilitychange', visible] satisfies [Target, string, () => void]]),
    ];
    for (const [source, type, listener] of wired) source.addEventListener?.(type, listener);
    return () => {
      for (const [source, type, listener] of wired) source.removeEventListener?.(type, listener);
    };
  },
};

interface Platform extends Target {
  readonly navigator?: { readonly onLine?: boolean };
  readonly document?: Target & { readonly visibilityState?: string };
}

function platform(): Platform {
  // Feature detection: Node has none of these, browsers all, workers some.
  return globalThis as unknown as Platform;
}
