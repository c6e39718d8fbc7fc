import { AfterAMoment } from '../parts/after-a-moment.tsx';
import { words } from '../words.ts';
import { BubbleSkeletons } from './beginning.tsx';
import './messages-loading.css';

/** Messages to come, when they take long enough to be noticed. */
export function MessagesLoading() {
  return (
    <div class="messages-loading" aria-busy="true" aria-label={words.action.loading} role="status">
      <AfterAMoment>
        <div class="messages-loading-content">
          <BubbleSkeletons />
          <BubbleSkeletons />
        </div>
      </AfterAMoment>
    </div>
  );
}
