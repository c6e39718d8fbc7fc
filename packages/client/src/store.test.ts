import { describe, expect, it, vi } from 'vitest';
import { Batch, Cell, View } from './store.ts';

describe('stores', () => {
  it('[CL16] the snapshot is the same object until something changes', () => {
    let reads = 0;
    const view = new View(new Batch(), () => ({ reads: ++reads }));
    const first = view.getSnapshot();
    expect(view.getSnapshot()).toBe(first);
    view.changed();
    expect(view.getSnapshot()).toEqual({ reads: 2 });
  });

  it('[CL16] tells once for a batch of changes, and not for none', () => {
    const batch = new Batch();
    const cell = new Cell(batch, 1);
    const listener = vi.fn();
    const { subscribe, getSnapshot } = cell;
    const stop = subscribe(listener);
    batch.run(() => {
      cell.set(2);
      cell.set(3);
      expect(listener).not.toHaveBeenCalled();
    });
    cell.set(3);
    expect(listener).toHaveBeenCalledTimes(1);
    expect(getSnapshot()).toBe(3);
    stop();
    cell.set(4);
    expect(listener).toHaveBeenCalledTimes(1);
  });

  it('[CL16] one function subscribed twice is two subscriptions', () => {
    const cell = new Cell(new Batch(), 1);
    const listener = vi.fn();
    const stop = cell.subscribe(listener);
    cell.subscribe(listener);
    stop();
    cell.set(2);
    expect(listener).toHaveBeenCalledTimes(1);
  });
});
