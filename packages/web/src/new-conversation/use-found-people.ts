import type { User } from '@parley/protocol';
import { useEffect, useState } from 'preact/hooks';
import { problemWords } from '../parts/problem-words.ts';
import { useClient } from '../session/client-context.ts';

type FoundPeople =
  | { readonly status: 'loading' }
  | { readonly status: 'ready'; readonly people: readonly User[] }
  | { readonly status: 'failed'; readonly problem: string; readonly retry: () => void };

const pauseMs = 150;
const most = 30;

/** People whose name fits the text; asked for when typing pauses, the latest answer wins. */
export function useFoundPeople(text: string): FoundPeople {
  const client = useClient();
  const [found, setFound] = useState<FoundPeople>({ status: 'loading' });
  const [attempt, setAttempt] = useState(0);
  const search = text.trim();
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new attempt asks again
  useEffect(() => {
    let latest = true;
    const timer = setTimeout(
      () => {
        client.searchUsers(search, most).then(
          (people) => latest && setFound({ status: 'ready', people }),
          (error: unknown) => {
            const retry = () => setAttempt((count) => count + 1);
            if (latest) setFound({ status: 'failed', problem: problemWords(error), retry });
          },
        );
      },
      search === '' ? 0 : pauseMs,
    );
    return () => {
      latest = false;
      clearTimeout(timer);
    };
  }, [client, search, attempt]);
  return found;
}
