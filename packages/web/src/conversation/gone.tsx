import type { ConversationSnapshot } from '@parley/client';
import { useId } from 'preact/hooks';
import { drafts } from '../composer/drafts.ts';
import { unsentText } from '../composer/unsent.ts';
import { Notice } from '../parts/notice.tsx';
import { goToList } from '../place/place.ts';
import { words } from '../words.ts';
import '../parts/field.css';
import './gone.css';

/** In place of a conversation that I am not in; what I had not sent there can still be copied. */
export function Gone({ snapshot }: { readonly snapshot: ConversationSnapshot }) {
  const id = useId();
  const unsent = unsentText(snapshot.messages, drafts.value.get(snapshot.id) ?? '');
  return (
    <section class="pane pane-notice">
      <Notice
        alert
        heading
        text={words.conversation.gone}
        action={{ label: words.conversation.goneAction, run: goToList }}
      />
      {unsent !== '' && (
        <div class="gone-unsent">
          <label class="field-label" for={id}>
            {words.conversation.goneUnsent}
          </label>
          <textarea id={id} class="field scrolls" dir="auto" rows={4} readOnly value={unsent} />
        </div>
      )}
    </section>
  );
}
