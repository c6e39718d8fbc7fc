import { signal } from '@preact/signals';

/** The time now, to the minute: enough for `Yesterday` to become true at midnight. */
export const minute = signal(new Date());

/** Keeps `minute` true until the returned function is called. */
export function runClock(): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tick = () => {
    const now = new Date();
    if (Math.floor(now.getTime() / 60_000) !== Math.floor(minute.value.getTime() / 60_000)) {
      minute.value = now;
    }
    clearTimeout(timer);
    timer = setTimeout(tick, 60_000 - (now.getTime() % 60_000) + 50);
  };
  tick();
  // Timers sleep with the device.
  document.addEventListener('visibilitychange', tick);
  return () => {
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', tick);
  };
}
