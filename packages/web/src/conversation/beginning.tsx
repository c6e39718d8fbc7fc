import { words } from '../words.ts';
import '../parts/skeleton.css';
import './beginning.css';

interface BeginningProps {
  readonly hasOlder: boolean;
  readonly failed: boolean;
  readonly retry: () => void;
  readonly group: boolean;
  readonly name: string;
}

/** What stands above the oldest loaded message: more to come, or the very beginning. */
export function Beginning({ hasOlder, failed, retry, group, name }: BeginningProps) {
  if (!hasOlder) {
    const { beginning, beginningOfGroup } = words.conversation;
    return (
      <p class="beginning" dir="auto">
        {group ? beginningOfGroup(name) : beginning(name)}
      </p>
    );
  }
  if (failed) {
    return (
      <p class="beginning" role="alert">
        {words.conversation.olderFailed}{' '}
        <button type="button" class="button button-text" onClick={retry}>
          {words.action.retry}
        </button>
      </p>
    );
  }
  return <BubbleSkeletons />;
}

/** Bubbles to come. */
export function BubbleSkeletons() {
  return (
    <div class="bubble-skeletons" aria-hidden="true">
      <span class="skeleton" />
      <span class="skeleton" />
      <span class="skeleton" />
      <span class="skeleton" />
    </div>
  );
}
