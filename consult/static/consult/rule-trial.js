/*
 * <consult-trial data-trigger data-offer>: the browser's half of the pages on which managers try their rules, decided by
 * the modules (at these addresses) that the shop's own pages run. The server has decided its half, and leaves in JSON
 * either a situation for several rules or several recorded ones for one rule.
 */

class ConsultTrial extends HTMLElement {
  async connectedCallback() {
    const left = this.querySelector("script");
    if (!left) return; // what was typed was refused, or there is nothing to judge
    const trigger = await import(this.dataset.trigger);
    const told = JSON.parse(left.textContent);
    if (told.cases) this.#replay(told, trigger);
    else await this.#imagine(told, trigger);
    this.setAttribute("data-judged", "");
  }

  /** What the page would have done with these rules until the moment asked for. */
  async #imagine(situation, { ARMED, first, judge, wait }) {
    const { facts, rules } = situation;
    const early = facts.leaving && facts.page_s * 1000 < ARMED && { fits: false, why: "early", wanted: ARMED / 1000 };
    facts.leaving &&= !early;
    const { fired, then } = play(situation, first, wait);
    for (const rule of rules) {
      const verdict = judge(rule, facts);
      this.#tell(rule, verdict.why === "leaving" && early ? early : verdict, fired, then);
    }
    const verdict = this.querySelector("[data-verdict]");
    fill(verdict, verdict.dataset[fired?.result ?? "none"], { rule: fired && this.#name(fired) });
    if (fired?.held) this.#open("held", { percent: Math.round(fired.held * 100) });
    if (fired?.greetings) this.#greet(fired, then, situation, await import(this.dataset.offer));
  }

  #tell(rule, verdict, fired, then) {
    const row = this.querySelector(`[data-rule="${rule.id}"]`);
    const { fires, late } = row.parentElement.dataset;
    const reason = row.querySelector("[data-reason]");
    row.dataset.state = rule === fired ? "fires" : verdict.fits ? "fits" : "fails";
    if (rule === fired) fill(reason, fires, { seconds: then.page_s });
    else if (verdict.fits) fill(reason, late, { rule: this.#name(fired) });
    else this.#explain(reason, verdict);
  }

  /** What each variant of the rule would say. */
  #greet(fired, { leaving }, { hour, values, greetings }, { greeting, moment, words }) {
    const place = this.#open("greetings");
    const line = place.querySelector("template").content;
    for (const [variant, texts] of Object.entries(fired.greetings)) {
      const [, text] = greeting(texts, hour, leaving);
      const drawn = document.importNode(line, true);
      drawn.querySelector("b").textContent = variant;
      drawn.querySelector("q").textContent = words(text, { ...values, greeting: greetings[moment(hour)] });
      place.querySelector("ul").append(drawn);
    }
  }

  /** Which of the recorded invitations the rule would still have shown. */
  #replay({ rule, cases }, { judge }) {
    for (const [exposure, facts] of Object.entries(cases)) {
      const row = this.querySelector(`[data-exposure="${exposure}"]`);
      const verdict = judge(rule, facts);
      row.dataset.why = verdict.why;
      row.dataset.state = verdict.fits ? "fires" : "fails";
      const reason = row.querySelector("[data-reason]");
      if (verdict.fits) reason.textContent = this.querySelector("table").dataset.still;
      else this.#explain(reason, verdict);
    }
    const whys = [...this.querySelectorAll("[data-why]")].map((row) => row.dataset.why);
    const verdict = this.querySelector("[data-shown]");
    fill(verdict, verdict.dataset.shown, { shown: whys.filter((why) => !why).length, all: whys.length });
    for (const line of this.querySelectorAll("[data-count]")) {
      const count = whys.filter((why) => why === line.dataset.count).length;
      line.hidden = !count;
      line.querySelector("b").textContent = count;
    }
  }

  #explain(place, { why, wanted, found }) {
    const sentences = this.querySelector("[data-reasons]").dataset;
    const named = (one) => (why === "device" && sentences[one]) || one;
    fill(place, sentences[why === "leaving" && found ? "touch" : why], { wanted: listed(wanted, named), found: listed(found, named) });
  }

  #open(part, values) {
    const place = this.querySelector(`[data-${part}]`);
    place.hidden = false;
    if (values) fill(place, place.textContent, values);
    return place;
  }

  #name(rule) {
    return this.querySelector(`[data-rule="${rule.id}"] a`).textContent;
  }
}

/** The page from its first second on: a rule that fires earlier comes before one that stands above it. */
function play({ rules, facts }, first, wait) {
  for (let ago = facts.page_s; ; ) {
    const then = rewound(facts, ago);
    const fired = first(rules, then);
    if (fired || ago === 0) return { fired, then };
    ago = Math.max(0, ago - wait(rules, then) / 1000);
  }
}

function rewound(facts, ago) {
  const { page_s, site_s, idle_s, leaving } = facts;
  const earlier = (seconds) => Math.max(0, seconds - ago);
  const clocks = { page_s: earlier(page_s), site_s: earlier(site_s), idle_s: earlier(idle_s) };
  return { ...facts, ...clocks, leaving: leaving && ago === 0 };
}

function listed(value, named) {
  if (typeof value === "number") return Math.floor(value); // 24.9 seconds are not yet 25
  return (typeof value === "object" ? Object.values(value ?? {}) : [value]).filter(Boolean).map(named).join(", ") || "–";
}

/** Writes a sentence, each {value} in it isolated from the direction of what stands around. */
function fill(place, sentence, values) {
  const parts = sentence.split(/\{(\w+)\}/);
  place.replaceChildren(...parts.map((part, at) => (at % 2 ? isolated(values[part]) : part)));
}

function isolated(value) {
  const place = document.createElement("bdi");
  place.textContent = value;
  return place;
}

customElements.define("consult-trial", ConsultTrial);
