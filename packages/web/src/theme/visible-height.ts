/**
 * Tells the style sheet how much of the page a keyboard on the screen leaves free.
 *
 * Some phones lay the keyboard over the page instead of making the page shorter.
 */
export function followVisibleHeight(root: HTMLElement): () => void {
  const view = window.visualViewport;
  if (!view) return () => {};
  const update = () => {
    const covered = window.innerHeight - view.height > 1 && view.scale === 1;
    if (covered) root.style.setProperty('--visible-height', `${view.height}px`);
    else root.style.removeProperty('--visible-height');
    if (covered) window.scrollTo(0, 0);
  };
  view.addEventListener('resize', update);
  return () => view.removeEventListener('resize', update);
}
