import { words } from '../words.ts';
import '../parts/skeleton.css';
import './list-skeleton.css';

const rows = [62, 48, 70, 40, 56, 66, 44, 52];

/** Rows to come. */
export function ListSkeleton() {
  return (
    <div role="status" aria-label={words.action.loading} aria-busy="true">
      {rows.map((inlineSize) => (
        <div key={inlineSize} class="row-skeleton" aria-hidden="true">
          <span class="skeleton" />
          <span class="row-skeleton-words">
            <span class="skeleton" style={{ inlineSize: `${inlineSize}%` }} />
            <span class="skeleton" style={{ inlineSize: `${118 - inlineSize}%` }} />
          </span>
        </div>
      ))}
    </div>
  );
}
