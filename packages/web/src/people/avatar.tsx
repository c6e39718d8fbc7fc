import { useState } from 'preact/hooks';
import { words } from '../words.ts';
import { hueOf } from './hue.ts';
import { initials } from './initials.ts';
import './avatar.css';

interface AvatarProps {
  /** Decides the colour when there is no picture. */
  readonly id: string;
  readonly name: string;
  readonly picture: string | null;
  readonly size: 16 | 28 | 36 | 44 | 72;
  /** Shows whether the person is online; absent where that is not known. */
  readonly online?: boolean;
}

/** A person's or group's picture, or initials on a colour of their own. Its name stands beside it. */
export function Avatar({ id, name, picture, size, online }: AvatarProps) {
  const [broken, setBroken] = useState<string | null>(null);
  const shown = picture !== null && picture !== broken;
  return (
    <span class={`avatar avatar-${size}`} style={{ '--hue': hueOf(id) }}>
      {shown ? (
        <img
          class="avatar-face"
          src={picture}
          alt=""
          decoding="async"
          loading="lazy"
          referrerpolicy="no-referrer"
          onError={() => setBroken(picture)}
        />
      ) : (
        <span class="avatar-face" aria-hidden="true">
          {size === 16 ? initials(name).slice(0, 1) : initials(name)}
        </span>
      )}
      {online && <span class="avatar-online" role="img" aria-label={words.people.online} />}
    </span>
  );
}
