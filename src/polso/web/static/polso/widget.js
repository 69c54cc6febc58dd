/* Polso's survey in a page of yours: <script src="…/w.js" data-survey="key" async></script>
   Nothing is stored before the visitor answers, closes the question, or consents. No eval, no inline style, one origin. */
(() => {
  "use strict";
  const script = document.currentScript;
  if (!script || !script.dataset.survey) return;
  const given = script.dataset;
  const key = given.survey;
  const home = new URL(script.src).origin;
  const kept = `polso:${key}`;
  const unsent = `polso:${key}:unsent`;
  const DAY = 86_400_000;

  const here = {
    consent: given.consent === "granted",
    person: { id: given.customer, hash: given.hash },
    fields: {},
    config: null,
    open: null,
    asked: false,
    pauses: [5_000, 15_000, 60_000, 300_000],
    tries: 0,
    unsent: [],
    busy: false,
    cleanups: [],
    early: [],
  };

  /* --- what is remembered ------------------------------------------------------------------------------------------ */

  const read = (name) => {
    try {
      return JSON.parse(localStorage.getItem(name)) || null;
    } catch {
      return null;
    }
  };
  const write = (name, value) => {
    try {
      if (value === null) localStorage.removeItem(name);
      else localStorage.setItem(name, JSON.stringify(value));
    } catch {
      /* A browser that keeps nothing. */
    }
  };
  const uuid = () =>
    crypto.randomUUID
      ? crypto.randomUUID()
      : "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (c) => (c ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (c / 4)))).toString(16));

  /* --- sending ----------------------------------------------------------------------------------------------------- */

  const post = (body) =>
    fetch(`${home}/w/${encodeURIComponent(key)}`, {
      method: "POST",
      mode: "cors",
      credentials: "omit",
      keepalive: true,
      headers: { "Content-Type": "text/plain" },
      body: JSON.stringify(body),
    });

  const waiting = () => read(unsent) || here.unsent;
  const keep = (list) => {
    here.unsent = list;
    write(unsent, list.length ? list : null);
  };
  const later = () => setTimeout(pump, here.pauses[Math.min(here.tries++, here.pauses.length - 1)]);

  /* Answers are kept in this browser until the server has them, and sent one after another, so that none overtakes a later one. */
  const send = (body) => {
    keep([...waiting().filter((one) => one.id !== body.id), body].slice(-20));
    pump();
  };
  const pump = async () => {
    if (here.busy) return;
    here.busy = true;
    try {
      for (let body; (body = waiting()[0]); ) {
        const reply = await post(body);
        if (reply.status === 429 || reply.status >= 500) return later();
        const done = JSON.stringify(body);
        keep(waiting().filter((one) => JSON.stringify(one) !== done));
        here.tries = 0;
      }
    } catch {
      later();
    } finally {
      here.busy = false;
    }
  };

  /* --- whether to ask ---------------------------------------------------------------------------------------------- */

  const share = (text) => {
    let hash = 2166136261;
    for (const letter of text) hash = Math.imul(hash ^ letter.codePointAt(0), 16777619) >>> 0;
    return (Math.imul(hash ^ (hash >>> 15), 2246822519) >>> 0) / 4294967296;
  };

  /* The same person is always in or always out; of somebody unknown that holds for the visit, or longer with consent. */
  const chance = () => {
    if (here.person.id) return share(`${key}:${here.person.id}`);
    const known = read(kept) || {};
    here.dice ??= known.dice ?? Math.random();
    if (here.consent && known.dice === undefined) write(kept, { ...known, dice: here.dice });
    return here.dice;
  };

  const onPage = () => {
    const pages = here.config.pages;
    const fits = (glob) => new RegExp(`^${glob.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replace(/\*/g, ".*")}$`);
    const path = location.pathname + location.search;
    return !pages.length || pages.some((glob) => fits(glob).test(glob.includes("?") ? path : location.pathname));
  };

  const due = () => {
    const { every, sample } = here.config;
    const last = (read(kept) || {}).at;
    return !here.open && !here.asked && onPage() && chance() * 100 < sample && (!last || Date.now() - last >= every * DAY);
  };

  const maybe = (by) => {
    if (here.config && due()) show(by);
  };

  const on = (target, name, what, options) => {
    target.addEventListener(name, what, options);
    here.cleanups.push(() => target.removeEventListener(name, what, options));
  };

  const TRIGGERS = {
    time: ({ seconds }) => {
      const timer = setTimeout(maybe, (seconds || 0) * 1000);
      here.cleanups.push(() => clearTimeout(timer));
    },
    scroll: ({ percent }) => {
      const look = () => {
        const whole = document.documentElement.scrollHeight - innerHeight;
        if (whole > 0 && (scrollY / whole) * 100 >= percent) maybe();
      };
      on(window, "scroll", look, { passive: true });
    },
    exit: () => on(document.documentElement, "mouseleave", (event) => event.clientY <= 0 && maybe()),
    click: ({ selector }) =>
      on(document, "click", (event) => {
        try {
          const hit = event.target.closest && event.target.closest(selector);
          if (hit) maybe(hit);
        } catch {
          /* A selector that is none. */
        }
      }),
    event: ({ name }) => here.early.includes(name) && maybe(),
  };

  const arm = () => {
    here.cleanups.splice(0).forEach((undo) => undo());
    for (const one of here.config.triggers) if (TRIGGERS[one.on]) TRIGGERS[one.on](one);
  };

  /* A page that changes its address without loading anew counts as another page. */
  const follow = () => {
    let before = location.href;
    const look = () => {
      if (location.href === before) return;
      before = location.href;
      arm();
    };
    for (const name of ["pushState", "replaceState"]) {
      const own = history[name];
      history[name] = function (...args) {
        const result = own.apply(this, args);
        look();
        return result;
      };
    }
    addEventListener("popstate", look);
    addEventListener("hashchange", look);
  };

  /* --- the question ------------------------------------------------------------------------------------------------ */

  const STYLE = `
:host { all: initial; position: fixed; z-index: 2147483000; inset: auto 1rem 1rem auto; max-width: calc(100vw - 2rem); }
:host(.left) { inset: auto auto 1rem 1rem; } :host(.center) { inset: auto 0 1rem 0; margin: 0 auto; width: fit-content; }
* { box-sizing: border-box; }
.box { --paper: #fff; --ink: #17262b; --quiet: #52646b; --line: #8a999e; font: 16px/1.45 system-ui, -apple-system, "Segoe UI", sans-serif; color: var(--ink); background: var(--paper);
  width: 25rem; max-width: 100%; max-height: calc(100vh - 2rem); overflow: auto; padding: 1.1rem 1.2rem; border-radius: .9rem; border: 1px solid var(--line); box-shadow: 0 .6rem 2.2rem #0003; animation: come .18s ease-out; }
.box.dark { --paper: #18252a; --ink: #e8efef; --quiet: #a9b9be; --line: #6b7f86; color-scheme: dark; }
@keyframes come { from { opacity: 0; transform: translateY(.6rem); } }
@media (prefers-reduced-motion: reduce) { .box { animation: none; } }
h2 { font: inherit; font-weight: 600; margin: 0 2.6rem .8rem 0; overflow-wrap: anywhere; } h2:focus { outline: none; }
p { margin: .6rem 0 0; font-size: .85rem; color: var(--quiet); overflow-wrap: anywhere; } .ends { display: flex; justify-content: space-between; gap: 1rem; margin-top: .35rem; }
.scale { display: grid; grid-template-columns: repeat(5, minmax(2.75rem, 1fr)); gap: .35rem; } .of11 { grid-template-columns: repeat(6, minmax(2.75rem, 1fr)); } .of7 { grid-template-columns: repeat(7, minmax(2.25rem, 1fr)); } .of2 { grid-template-columns: repeat(2, 1fr); } .list { display: grid; gap: .4rem; }
button { font: inherit; min-height: 2.75rem; min-width: 2.75rem; padding: .2rem .5rem; border: 1px solid var(--line); border-radius: .5rem; background: transparent; color: inherit; cursor: pointer; }
.list button { text-align: start; padding: .4rem .8rem; } .big button { font-size: 1.5rem; line-height: 1; }
button:hover, button[aria-pressed=true], button.main { background: var(--colour); border-color: var(--colour); color: var(--on); }
button:focus-visible, textarea:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; } .box { --focus: #b4530f; } .box.dark { --focus: #ffb27d; }
.close { position: absolute; inset-block-start: .5rem; inset-inline-end: .5rem; border-color: transparent; font-size: 1.3rem; line-height: 1; }
textarea { font: inherit; width: 100%; min-height: 5rem; padding: .5rem .6rem; border: 1px solid var(--line); border-radius: .5rem; background: transparent; color: inherit; resize: vertical; }
.row { display: flex; gap: .5rem; margin-top: .7rem; } .row button { padding-inline: 1rem; } .of7 button { min-width: 2.25rem; }
.away { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (max-width: 30rem) { :host, :host(.left), :host(.center) { inset: auto .5rem .5rem .5rem; max-width: none; width: auto; margin: 0; } .box { width: 100%; } }
@media (forced-colors: active) { .box { border-width: 2px; } }`;

  const make = (tag, more = {}, ...inside) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(more)) {
      if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
      else if (value !== undefined && value !== null && value !== false) made.setAttribute(name, value);
    }
    made.append(...inside.filter(Boolean));
    return made;
  };

  const bright = (colour) => {
    const part = (at) => (parseInt(colour.slice(at, at + 2), 16) / 255) ** 2.2;
    return 0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5);
  };

  const language = () => {
    const { languages, language: first } = here.config;
    const wanted = [given.language, document.documentElement.lang, ...(navigator.languages || [])].filter(Boolean);
    for (const one of wanted) for (const name of [one, one.split("-")[0]]) {
      const found = languages.find((spoken) => spoken.toLowerCase() === name.toLowerCase());
      if (found) return found;
    }
    return first;
  };
  const told = (texts, spoken) => {
    const { language: first } = here.config;
    return (texts && (texts[spoken] || texts[spoken.split("-")[0]] || texts[first] || Object.values(texts)[0])) || "";
  };
  const word = (name, spoken) => (here.config.words[spoken.split("-")[0]] || here.config.words.en)[name];

  const FACES = ["😞", "🙁", "😐", "🙂", "😀"];
  const SIGNS = { faces: (n) => FACES[n - 1], stars: () => "★", thumbs: (n) => (n ? "👍" : "👎") };

  class Asking {
    constructor(by) {
      const last = read(kept) || {};
      const again = last.id && Date.now() - last.at < here.config.edit * 3_600_000;
      this.id = again ? last.id : uuid();
      this.language = language();
      this.answers = {};
      this.place = 0;
      this.back = by ? document.activeElement : null;
      this.host = document.createElement("div");
      this.host.className = here.config.position;
      const shadow = this.host.attachShadow({ mode: "open" });
      const sheet = new CSSStyleSheet();
      const { colour, theme } = here.config;
      const safe = /^#[0-9a-f]{6}$/i.test(colour) ? colour : "#1f5fbf";
      sheet.replaceSync(`${STYLE}\n.box { --colour: ${safe}; --on: ${bright(safe) > 0.18 ? "#000" : "#fff"}; }`);
      shadow.adoptedStyleSheets = [sheet];
      const dark = theme === "dark" || (theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
      this.title = make("h2", { id: "q", tabindex: "-1" });
      this.body = make("div");
      const close = make("button", { type: "button", class: "close", "aria-label": word("close", this.language), onclick: () => this.close() }, "×");
      const rtl = here.config.rtl.includes(this.language.split("-")[0]);
      this.box = make(
        "div",
        { class: dark ? "box dark" : "box", role: "dialog", "aria-labelledby": "q", lang: this.language, dir: rtl ? "rtl" : "ltr" },
        this.title,
        this.body,
        close,
      );
      this.live = make("div", { class: "away", role: "status" });
      shadow.append(this.box, this.live);
      this.escape = (event) => event.key === "Escape" && !event.defaultPrevented && this.close();
      document.addEventListener("keydown", this.escape);
      document.body.append(this.host);
      this.question();
      // Whoever did not ask for it is told, and goes on with what they were doing.
      if (by) this.title.focus();
      else this.live.textContent = this.title.textContent;
    }

    question() {
      const asked = here.config.questions[this.place];
      if (!asked) return this.thanks();
      this.title.textContent = told(asked.texts.text, this.language);
      const kinds = { open: "words", choice: "options", choices: "options" };
      this.body.replaceChildren(...this[kinds[asked.kind] || "scale"](asked));
      const consent = this.place === 0 && told(here.config.texts.consent, this.language);
      if (consent) this.body.append(make("p", {}, consent));
    }

    scale(asked) {
      const sign = SIGNS[asked.kind];
      const buttons = [];
      for (let score = asked.min; score <= asked.max; score++) {
        const ends = score === asked.min ? told(asked.texts.low, this.language) : score === asked.max ? told(asked.texts.high, this.language) : "";
        const name = this.called(asked, score);
        const label = ends && asked.kind !== "thumbs" ? `${name}, ${ends}` : name;
        const pick = () => this.take(asked, { score });
        buttons.push(make("button", { type: "button", "aria-label": label, onclick: pick }, sign ? sign(score) : String(score)));
      }
      const ends = [told(asked.texts.low, this.language), told(asked.texts.high, this.language)];
      const under = ends.some(Boolean) && make("p", { class: "ends", "aria-hidden": "true" }, make("span", {}, ends[0]), make("span", {}, ends[1]));
      return [make("div", { class: `scale of${buttons.length}${sign ? " big" : ""}`, role: "group", "aria-labelledby": "q" }, ...buttons), ...(under ? [under] : []), ...this.skip(asked)];
    }

    called(asked, score) {
      if (asked.kind === "thumbs") return word(score ? "yes" : "no", this.language);
      if (asked.kind === "faces") return word("faces", this.language)[score - 1];
      return word("of", this.language).replace("{n}", score).replace("{most}", asked.max);
    }

    options(asked) {
      const several = asked.kind === "choices";
      const picked = new Set();
      const buttons = asked.options.map((one) =>
        make("button", {
          type: "button",
          "aria-pressed": several ? "false" : null,
          onclick: (event) => {
            if (!several) return this.take(asked, { choices: [one.key] });
            if (!picked.delete(one.key)) picked.add(one.key);
            event.currentTarget.setAttribute("aria-pressed", picked.has(one.key));
          },
        }, told(one.texts, this.language)),
      );
      const go = several && make("div", { class: "row" }, make("button", { type: "button", class: "main", onclick: () => this.take(asked, { choices: [...picked] }) }, word("next", this.language)));
      return [make("div", { class: "list", role: "group", "aria-labelledby": "q" }, ...buttons), ...(go ? [go] : []), ...(several ? [] : this.skip(asked))];
    }

    words(asked, score) {
      const area = make("textarea", { "aria-labelledby": "q", maxlength: 5000 });
      const done = () => this.take(asked, score === undefined ? { comment: area.value } : { score, comment: area.value }, true);
      return [area, make("div", { class: "row" }, make("button", { type: "button", class: "main", onclick: done }, word("send", this.language)))];
    }

    skip(asked) {
      if (asked.required) return [];
      return [make("div", { class: "row" }, make("button", { type: "button", onclick: () => this.next() }, word("skip", this.language)))];
    }

    take(asked, said, over = false) {
      const empty = said.score === undefined && !said.comment && !(said.choices && said.choices.length);
      if (empty && asked.required) return this.title.focus();
      if (empty) return this.next();
      this.answers[asked.key] = { question: asked.key, ...said };
      const more = !over && said.score !== undefined && asked.follow_ups.find((one) => one.from <= said.score && said.score <= one.to);
      if (!more && this.place + 1 >= here.config.questions.length) this.complete = true;
      this.tell();
      if (!more) return this.next();
      this.title.textContent = told(more.texts, this.language);
      this.body.replaceChildren(...this.words(asked, said.score));
      this.body.querySelector("textarea").focus();
    }

    next() {
      this.place += 1;
      if (this.place >= here.config.questions.length && !this.complete && Object.keys(this.answers).length) {
        this.complete = true;
        this.tell();
      }
      this.question();
      this.title.focus();
    }

    /* Everything that was answered so far, each time: the last that arrives says it all. */
    tell() {
      write(kept, { ...read(kept), at: Date.now(), id: this.id });
      send({ ...said(this.id, this.language), answers: Object.values(this.answers), complete: Boolean(this.complete) });
    }

    thanks() {
      if (!Object.keys(this.answers).length) return this.close();
      this.title.textContent = told(here.config.texts.thanks, this.language) || word("thanks", this.language);
      this.live.textContent = this.title.textContent;
      this.body.replaceChildren(make("div", { class: "row" }, make("button", { type: "button", class: "main", onclick: () => this.close() }, word("close", this.language))));
    }

    close() {
      write(kept, { ...read(kept), at: Date.now() });
      document.removeEventListener("keydown", this.escape);
      const within = this.host.shadowRoot.activeElement;
      this.host.remove();
      here.open = null;
      if (within && this.back && this.back.isConnected) this.back.focus();
    }
  }

  const said = (id, spoken) => ({
    id,
    language: spoken,
    page: location.origin + location.pathname,
    fields: here.fields,
    customer: here.person.id || undefined,
    hash: here.person.hash || undefined,
    preview: given.preview || undefined,
    test: given.test !== undefined || undefined,
  });

  const show = (by) => {
    if (here.open || !here.config) return;
    here.asked = true;
    here.open = new Asking(by);
    if (!given.preview) post({ ...said(here.open.id, here.open.language), seen: true }).catch(() => {});
  };

  /* --- what the page may say --------------------------------------------------------------------------------------- */

  const COMMANDS = {
    event: (name) => {
      here.early.push(name);
      if (here.config && here.config.triggers.some((one) => one.on === "event" && one.name === name)) maybe();
    },
    identify: (person) => Object.assign(here.person, typeof person === "object" ? person : { id: person }),
    fields: (fields) => Object.assign(here.fields, fields),
    consent: (yes) => {
      here.consent = yes !== false;
      if (!here.consent) write(kept, null);
    },
    show: (which) => {
      if (which && which !== key) return;
      if (here.config) show(true);
      else here.wanted = true;
    },
    close: () => here.open && here.open.close(),
  };
  const obey = (name, ...args) => Object.hasOwn(COMMANDS, name) && COMMANDS[name](...args);

  const before = window.polso;
  const all = (before && before.all) || [];
  all.push(obey);
  window.polso = Object.assign((...args) => all.forEach((one) => one(...args)), { all });
  // What was said before this file arrived: polso.q is filled by a stub of the page.
  for (const args of (before && before.q) || []) obey(...args);
  if (before && before.q) window.polso.q = before.q;

  const begin = async () => {
    const asked = given.preview ? `?preview=${encodeURIComponent(given.preview)}` : "";
    try {
      const reply = await fetch(`${home}/w/${encodeURIComponent(key)}.json${asked}`, { mode: "cors", credentials: "omit" });
      if (!reply.ok) return;
      here.config = await reply.json();
    } catch {
      addEventListener("online", begin, { once: true });
      return;
    }
    if (!("adoptedStyleSheets" in document) || !here.config.questions.length) return;
    follow();
    arm();
    if (here.wanted) show(true);
  };
  addEventListener("online", pump);
  // Who leaves while an answer is under way: the browser sends the rest after the page is gone.
  addEventListener("pagehide", () => waiting().forEach((body) => post(body).catch(() => {})));
  pump();
  begin();
})();
