import { useState } from 'preact/hooks';
import { problemWords } from './problem-words.ts';

interface Attempt {
  readonly busy: boolean;
  /** What went wrong the last time, in words; empty when nothing did. */
  readonly problem: string;
  /** Does something that can fail; nothing while it is still being done. */
  readonly attempt: (act: () => Promise<void>) => void;
}

/** For buttons that ask the server: busy meanwhile, words when it fails; `refused`: when it may not be. */
export function useAttempt(refused?: string): Attempt {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');
  const run = async (act: () => Promise<void>) => {
    setBusy(true);
    setProblem('');
    try {
      await act();
    } catch (error) {
      setProblem(problemWords(error, refused));
    }
    setBusy(false);
  };
  return {
    busy,
    problem,
    attempt: (act) => {
      if (!busy) void run(act);
    },
  };
}
