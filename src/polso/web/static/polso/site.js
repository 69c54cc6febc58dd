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
if (live) {
  let version = `"${live.dataset.version}"`;
  const look = async () => {
    if (document.visibilityState === "visible") {
      try {
        const answer = await fetch(live.dataset.live, { headers: { "If-None-Match": version }, cache: "no-store" });
        if (answer.status === 200) {
          version = answer.headers.get("ETag");
          document.body.dispatchEvent(new Event("facts-changed"));
          const now = new Date();
          document.querySelectorAll(".live").forEach((place) => {
            place.textContent = now.toLocaleTimeString(document.documentElement.lang);
          });
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
