// <consult-invitation>: a greeting above the label, to be taken up, declined or left alone.
//
// It takes no focus and covers nothing that one buys by: it goes above what would lie beneath it, and where there is no
// room it folds into a dot at the label. Tells, by one bubbling event: consult:accept, consult:dismiss, consult:fold.

const FOLDS = 20_000; // ms in front of the visitor
const HEARD = 100; // ms after which a screen reader listens to a status that is new
const SETTLED = 150; // ms after the last of a scroll
const GAP = 8; // px
const STEP = 16; // px between two places that are looked at; no button is smaller
const FIELDS = "button, input, select, textarea, summary, [role=button], [contenteditable]";

class ConsultInvitation extends HTMLElement {
  #box = null;
  #status = null;
  #folds = 0;
  #settles = 0;
  #life = new AbortController();

  disconnectedCallback() {
    this.#life.abort();
    clearTimeout(this.#folds);
    clearTimeout(this.#settles);
  }

  /** Shows ``text``; ``texts`` are boot's. */
  async say(text, texts) {
    const { side, invitationStyle } = this.closest("consult-widget").dataset;
    this.dataset.side = side;
    const style = element("link", { rel: "stylesheet", href: invitationStyle });
    this.#status = element("p", { role: "status", dir: "auto" });
    this.#box = element("section", { "aria-label": texts.invitation, hidden: "" });
    this.#box.append(this.#status, this.#button("accept", texts.accept), this.#button("dismiss", texts.decline));
    this.attachShadow({ mode: "open" }).append(style, this.#box);
    await new Promise((styled, failed) => Object.assign(style, { onload: styled, onerror: failed }));
    this.#box.hidden = false;
    await new Promise((heard) => setTimeout(heard, HEARD));
    if (!this.isConnected) return;
    this.#status.textContent = text;
    this.#listen(this.#life.signal);
    this.#place();
    this.#wait();
  }

  #listen(signal) {
    const on = (target, name, deed) => target.addEventListener(name, deed, { signal, passive: true, capture: true });
    on(this.#box, "keydown", ({ key }) => key === "Escape" && this.#end("dismiss"));
    for (const name of ["pointerleave", "focusout"]) on(this, name, () => this.#wait());
    on(document, "visibilitychange", () => this.#wait());
    for (const name of ["scroll", "resize"]) on(window, name, () => this.#settle());
  }

  #button(deed, words) {
    const button = element("button", { type: "button", "data-deed": deed });
    button.textContent = words;
    button.addEventListener("click", () => this.#end(deed));
    return button;
  }

  /** Folds after a while, but not from under the hand. */
  #wait() {
    clearTimeout(this.#folds);
    const fold = () => this.matches(":hover") || this.#isFocused || this.#end("fold");
    if (!document.hidden) this.#folds = setTimeout(fold, FOLDS);
  }

  #settle() {
    clearTimeout(this.#settles);
    this.#settles = setTimeout(() => this.#place(), SETTLED);
  }

  #end(deed) {
    if (this.#life.signal.aborted) return;
    this.#life.abort();
    const wasFocused = this.#isFocused;
    this.dispatchEvent(new CustomEvent(`consult:${deed}`, { bubbles: true }));
    if (wasFocused && deed !== "accept") this.closest("consult-widget")?.querySelector(".consult-label")?.focus();
    this.remove();
  }

  /** :focus-within is lost when the widget gets its own shadow root. */
  get #isFocused() {
    return this.shadowRoot.activeElement !== null;
  }

  // Where there is room.

  #place() {
    const rise = this.#rise();
    this.#box.style.setProperty("--rise", `${rise ?? 0}px`); // moved by layout, it would count as a shift
    this.toggleAttribute("data-shown", rise !== null);
    this.toggleAttribute("data-folded", rise === null);
  }

  /** How far it has to go up, in px, to cover nothing; null if there is no room. */
  #rise() {
    const { offsetLeft: left, offsetTop: top, offsetWidth: width, offsetHeight: height } = this.#box;
    const seen = new Map();
    for (let rise = 0; top - rise >= GAP; ) {
      const highest = this.#beneath(left, top - rise, width, height, seen);
      if (highest === Infinity) return rise;
      rise = top + height + GAP - highest;
    }
    return null;
  }

  /** The upper edge of what mustn't be covered here, or Infinity. */
  #beneath(left, top, width, height, seen) {
    let highest = Infinity;
    for (let y = top; y < top + height + STEP; y += STEP) {
      for (let x = left; x < left + width + STEP; x += STEP) {
        const [across, down] = [Math.min(x, left + width), Math.min(y, top + height)];
        for (const found of document.elementsFromPoint(across, down)) {
          if (!seen.has(found)) seen.set(found, kept(found));
          highest = Math.min(highest, seen.get(found)?.getBoundingClientRect().top ?? Infinity);
        }
      }
    }
    return highest;
  }
}

/** That part of the shop which must not be covered where ``found`` would be, if any. */
function kept(found) {
  if (found.closest("consult-widget")) return null;
  const field = found.closest(FIELDS) ?? found.closest("label")?.control;
  if (field) return field;
  const link = found.closest("a[href]");
  if (link && isDrawn(link)) return link;
  for (let bar = found; bar && bar !== document.body; bar = bar.parentElement) {
    if (["fixed", "sticky"].includes(getComputedStyle(bar).position) && !fills(bar)) return bar;
  }
  return null;
}

/** Whether a link is drawn as a button is. */
function isDrawn(link) {
  const { display, backgroundColor, borderBlockStartWidth } = getComputedStyle(link);
  return display !== "inline" && (!/^rgba\(.*, 0\)$/.test(backgroundColor) || borderBlockStartWidth !== "0px");
}

/** Whether it is as large as the window: then it is no bar but the page itself. */
function fills(bar) {
  const { width, height } = bar.getBoundingClientRect();
  return width >= innerWidth * 0.9 && height >= innerHeight * 0.9;
}

function element(name, attributes) {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  return made;
}

if (!customElements.get("consult-invitation")) customElements.define("consult-invitation", ConsultInvitation);
