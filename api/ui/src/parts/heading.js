// Where the focus goes when what had it is gone.

/** Moves the focus to the heading of the page that is shown, so that a screen reader reads it and Tab goes on from there. */
export function focusHeading() {
  const heading = document.querySelector("main h1");
  if (!(heading instanceof HTMLElement)) return;
  heading.tabIndex = -1;
  heading.focus();
}

/** The same once what is new is drawn, if what had the focus is gone by then. */
export function saveFocus() {
  requestAnimationFrame(() => {
    if (document.activeElement === document.body) focusHeading();
  });
}
