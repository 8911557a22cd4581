// What is offered, once a rule fires: which words, and whether at all. The admin's simulator asks the first half too.
//
// A page is what trigger.js knows of one: {widget, boot, me, signal, path, remember(deed) → memory, answer of me?fits}.
//
// Remembered: visits; pages and site_s of this one; seen, the last sign of life; until, where site_s ends; silent, by a
// dismissal, and quiet, by the server (0 is all rules): [until, visit].

const DAY = 24 * 60 * 60 * 1000; // ms
const REPORTED = 3 * DAY; // in which each page view says that who was invited is here
const KEPT = 30 * DAY; // that an invitation is remembered
const SAID = 100; // characters: with a longer title an invitation finds no room

/** A number from 0 up to 1, always the same for this browser and rule, and another one for another ``salt``. */
export function lot(id, rule, salt) {
  let hash = 0x811c9dc5; // FNV-1a, and the end of MurmurHash3: without it neighbours would draw alike
  for (const letter of `${id} ${rule} ${salt}`) hash = Math.imul(hash ^ letter.codePointAt(0), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}

/** The part of the day, by the visitor's own clock. */
export function moment(hour) {
  return hour < 5 || hour > 22 ? "night" : hour < 11 ? "morning" : hour < 17 ? "day" : "evening";
}

/** The most fitting of a variant's texts: [the moment that it is for, the text]. */
export function greeting(texts, hour, isLeaving) {
  const when = [isLeaving && "leaving", moment(hour), ""].find((one) => one in texts);
  return [when, texts[when]];
}

/** A greeting with each {variable} and {variable|fallback} filled in. */
export function words(text, values) {
  return text.replace(/\{([^{}|]*)(?:\|([^{}]*))?\}/g, (_, name, fallback = "") => values[name.trim()] || fallback);
}

/** A title or a name as a part of a sentence: a short one, without signs that turn the line around. */
export function part(text = "") {
  return [...text.replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "")].slice(0, SAID).join("");
}

/** What is remembered after a dismissal: nobody is invited in this visit, nor for ``silence`` ms. */
export function dismissed(memory, now, silence) {
  return { ...memory, silent: [now + silence, memory.visits] };
}

/** What comes of a rule that has to be asked about: its result, "busy" for later, or nothing. */
export async function fire(page, rule, facts) {
  const { widget, path, signal } = page;
  if (rule.asks) {
    page.answer ??= widget.ask(`${widget.dataset.me}?fits`);
    const answer = await page.answer;
    if (!answer?.fits.includes(rule.id) || signal.aborted || path !== location.pathname) return "";
  }
  if (rule.result !== "invite") return rule.result;
  if (isBusy(widget)) return "busy";
  return (await invite(page, rule, facts)) ? "invite" : "";
}

/** Whether they are writing something, or have something else before them. */
function isBusy(widget) {
  const dialogs = [...document.querySelectorAll(":modal, [aria-modal=true]")];
  const isWriting = document.activeElement?.matches(":read-write, select");
  const isAsked = hasPanel(widget) || widget.querySelector("consult-invitation");
  return isWriting || isAsked || dialogs.some((dialog) => dialog.checkVisibility());
}

const hasPanel = (widget) => widget.querySelector("[aria-expanded=true]");

/** Invites, if it isn't held back by lot and the server agrees. Says whether an invitation is shown. */
async function invite(page, rule, facts) {
  const { widget, boot, path, signal, remember } = page;
  const { dataset } = widget;
  const { id: browser, visits: visit, silent } = remember((memory) => ({ id: uuid4(), ...memory }));
  const variants = Object.keys(rule.greetings);
  const variant = variants[Math.floor(lot(browser, rule.id, "variant") * variants.length)];
  const hour = new Date().getHours();
  const [when, text] = greeting(rule.greetings[variant], hour, facts.leaving);
  const isHeld = lot(browser, rule.id, "held") < (rule.held ?? 0);
  // Before the server is asked: what it allows counts as shown.
  if (!isHeld) await import(dataset.invitation);
  const id = uuid4();
  const asked = { rule: rule.id, variant, moment: when, visit, language: dataset.language, facts };
  const answer = await report(page, id, isHeld ? "hold" : "show", asked);
  const isSilenced = () => String(remember((memory) => memory).silent) !== String(silent); // by another tab
  const isPast = () => signal.aborted || path !== location.pathname || hasPanel(widget) || isSilenced();
  if (!answer?.show || isPast()) return false;
  const bubble = document.createElement("consult-invitation");
  bubble.addEventListener("consult:accept", () => {
    report(page, id, "accepted");
    widget.open();
  });
  bubble.addEventListener("consult:dismiss", () => {
    remember((memory) => dismissed(memory, Date.now(), boot.silence));
    report(page, id, "dismissed");
  });
  const look = () => isPast() && bubble.remove();
  window.addEventListener("storage", look, { signal });
  window.navigation?.addEventListener("currententrychange", look, { signal });
  widget.addEventListener("consult:open", look, { signal });
  window.addEventListener("pagehide", () => bubble.remove(), { signal }); // a page that comes back heard of no dismissal
  widget.append(bubble);
  const { values } = (await page.answer) ?? {};
  const known = { "page title": part(document.title), product: part(dataset.subject) };
  const greetings = boot.texts.greetings ?? {};
  bubble.say(words(text, { ...values, ...known, greeting: greetings[moment(hour)] }), boot.texts);
  return true;
}

/** Tells the server whose the invitations were, which it may know by now: the latest until it does, or ``all``. */
export function here(page, all) {
  const isAsked = (one) => all || (!one?.[1] && Date.now() - one?.[0] < REPORTED); // it may have been edited by hand
  const { shown } = page.remember((memory) => memory);
  for (const [id] of Object.entries(shown ?? {}).filter(([, one]) => isAsked(one))) report(page, id, "here");
}

/** Remembers what is answered: until when to be quiet, and whether the server knows whose it is. */
async function report({ widget, remember }, id, event, more) {
  const { id: browser } = remember((memory) => memory);
  const body = JSON.stringify({ event, id, browser, ...more });
  const answer = await widget.ask(widget.dataset.invite, { method: "POST", body, keepalive: true });
  const now = Date.now();
  if (answer) {
    remember(({ quiet, shown, ...memory }) => {
      const recent = Object.entries(shown ?? {}).filter(([, one]) => now - one?.[0] < KEPT);
      const known = { ...Object.fromEntries(recent), [id]: [shown?.[id]?.[0] ?? now, answer.linked] };
      const isKnown = event !== "show" || answer.show;
      return { ...memory, quiet: { ...quiet, ...answer.quiet }, shown: isKnown ? known : shown };
    });
  }
  return answer;
}

/** crypto.randomUUID exists on secure pages only, and a shop may be tried out over plain HTTP; this ends with one too. */
function uuid4() {
  return URL.createObjectURL(new Blob()).slice(-36);
}
