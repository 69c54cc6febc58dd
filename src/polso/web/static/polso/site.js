// Small things a page does by itself; everything works without them.
"use strict";

// htmx sends the token that Django asks for.
document.addEventListener("htmx:configRequest", (event) => {
  const token = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/);
  if (token) event.detail.headers["X-CSRFToken"] = token[1];
});

// Answers that say what is wrong are shown as well.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status === 422) event.detail.shouldSwap = true;
});

// Live numbers: a cheap question every second and a half; when facts changed, the parts of the page ask anew.
const live = document.querySelector("[data-live]");
let changedAt = null;
const tellWhen = () => {
  if (!changedAt) return;
  for (const place of document.querySelectorAll(".live")) place.textContent = changedAt.toLocaleTimeString(document.documentElement.lang);
};
document.addEventListener("htmx:afterSwap", tellWhen);
if (live) {
  let version = `"${live.dataset.version}"`;
  const look = async () => {
    if (document.visibilityState === "visible") {
      try {
        const answer = await fetch(live.dataset.live, { headers: { "If-None-Match": version }, cache: "no-store" });
        if (answer.status === 200) {
          version = answer.headers.get("ETag");
          document.body.dispatchEvent(new Event("facts-changed"));
          changedAt = new Date();
          tellWhen();
        }
      } catch {
        // Away for a moment: ask again next time.
      }
    }
    setTimeout(look, 1500);
  };
  setTimeout(look, 1500);
}

// A list that narrows as one types.
for (const field of document.querySelectorAll("[data-filter]")) {
  field.addEventListener("input", () => {
    const words = field.value.toLocaleLowerCase().split(/\s+/);
    for (const item of document.querySelectorAll(field.dataset.filter)) {
      const text = item.textContent.toLocaleLowerCase();
      item.hidden = !words.every((word) => text.includes(word));
    }
  });
}

// A file can be dropped on its form.
for (const form of document.querySelectorAll("[data-drop]")) {
  const field = form.querySelector("input[type=file]");
  for (const kind of ["dragover", "dragleave", "drop"]) {
    form.addEventListener(kind, (event) => {
      event.preventDefault();
      form.classList.toggle("over", kind === "dragover");
      if (kind === "drop") field.files = event.dataTransfer.files;
    });
  }
}

// A chart says what its points say: to the mouse, and to the arrow keys.
const bubble = document.createElement("div");
bubble.className = "bubble";
bubble.hidden = true;
bubble.setAttribute("role", "status");
document.body.append(bubble);

const say = (point) => {
  if (!point) {
    bubble.hidden = true;
    return;
  }
  const box = point.getBoundingClientRect();
  bubble.textContent = point.dataset.told;
  bubble.hidden = false;
  const left = Math.min(Math.max(box.x + box.width / 2 - bubble.offsetWidth / 2, 8), document.documentElement.clientWidth - bubble.offsetWidth - 8);
  bubble.style.left = `${left + window.scrollX}px`;
  bubble.style.top = `${box.y + window.scrollY - bubble.offsetHeight - 8}px`;
};

const pointsOf = (figure) => [...figure.querySelectorAll("[data-told]")].filter((point) => point.getBoundingClientRect().width > 0);

document.addEventListener("pointermove", (event) => {
  const figure = event.target.closest?.("figure.told");
  if (!figure) {
    if (!bubble.hidden && !document.activeElement?.matches("figure.told")) say(null);
    return;
  }
  const away = (point) => {
    const box = point.getBoundingClientRect();
    return Math.hypot(event.clientX - box.x - box.width / 2, event.clientY - box.y - box.height / 2);
  };
  const nearest = pointsOf(figure).sort((one, two) => away(one) - away(two))[0];
  say(nearest && away(nearest) < 60 ? nearest : null);
});

const reachable = (root) => {
  for (const figure of root.querySelectorAll("figure.told")) {
    figure.tabIndex = 0;
    figure.setAttribute("role", "group");
    const caption = figure.querySelector("figcaption")?.textContent.trim();
    if (caption) figure.setAttribute("aria-label", caption);
  }
};
reachable(document);
document.addEventListener("htmx:afterSettle", () => reachable(document));

document.addEventListener("keydown", (event) => {
  const figure = event.target.closest?.("figure.told");
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (event.key === "Escape") say(null);
  if (!figure || !step) return;
  event.preventDefault();
  const points = pointsOf(figure);
  const place = points.findIndex((point) => point.classList.contains("told-now"));
  points.forEach((point) => point.classList.remove("told-now"));
  const next = points[(place + step + points.length) % points.length] ?? null;
  next?.classList.add("told-now");
  say(next);
});
document.addEventListener("focusout", (event) => {
  if (event.target.matches?.("figure.told")) say(null);
});
