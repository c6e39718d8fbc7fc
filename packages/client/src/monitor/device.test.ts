import { afterEach, describe, expect, it, vi } from 'vitest';
import { systemDevice } from './device.ts';

afterEach(() => vi.unstubAllGlobals());

describe('the device', () => {
  it('[CL47] is online and silent where there is no browser', () => {
    expect(systemDevice.isOnline()).toBe(true);
    expect(() => systemDevice.listen(() => {})()).not.toThrow();
  });

  it('[CL47] tells of the network, and of the page only when it is looked at again', () => {
    const page = new EventTarget();
    const document = Object.assign(new EventTarget(), { visibilityState: 'hidden' });
    vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
    vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page));
    vi.stubGlobal('document', document);
    vi.stubGlobal('navigator', { onLine: false });
    const changed = vi.fn();
    const stop = systemDevice.listen(changed);
    expect(systemDevice.isOnline()).toBe(false);
    for (const type of ['offline', 'online', 'pageshow']) page.dispatchEvent(new Event(type));
    expect(changed).toHaveBeenCalledTimes(3);
    document.dispatchEvent(new Event('visibilitychange'));
    expect(changed).toHaveBeenCalledTimes(3);
    document.visibilityState = 'visible';
    document.dispatchEvent(new Event('visibilitychange'));
    expect(changed).toHaveBeenCalledTimes(4);
    stop();
    page.dispatchEvent(new Event('online'));
    document.dispatchEvent(new Event('visibilitychange'));
    expect(changed).toHaveBeenCalledTimes(4);
  });
});
