// What a survey's page does by itself; it is whole without it.
"use strict";
const form = document.querySelector("form");

// The question that follows a score.
const follow = (field) => {
  const box = field.closest(".question")?.querySelector(".box");
  if (!box) return;
  let asked = false;
  for (const text of box.querySelectorAll("[data-from]")) {
    text.hidden = !(+field.value >= +text.dataset.from && +field.value <= +text.dataset.to);
    asked ||= !text.hidden;
  }
  const other = box.querySelector(".else");
  if (other) other.hidden = asked;
};
form?.addEventListener("change", (event) => event.target.type === "radio" && follow(event.target));

// Sent once, however often it is tapped.
let sent = false;
form?.addEventListener("submit", (event) => {
  if (sent) event.preventDefault();
  sent = true;
  setTimeout(() => { sent = false; }, 4000);
});
addEventListener("pageshow", () => { sent = false; });

// A score that was tapped in a message is recorded by the first thing a person does here. A program that opens the
// address, even one that runs scripts, does nothing by hand. See docs/decisions/e-mail-taps.md.
const born = performance.now();
let person = false, moved = 0;
const quietly = (...more) => {
  const body = new FormData(form);
  for (const name of more) body.set(name, "1");
  return fetch(location.href, { method: "POST", body, keepalive: true });
};
const known = async () => {
  if (person || sent) return;
  person = true;
  const tapped = form.hasAttribute("data-tapped");
  try {
    const answer = await quietly(tapped ? "quietly" : "seen");
    const place = document.querySelector(".chosen[data-kept]");
    if (tapped && answer.status === 204 && place) place.textContent = place.dataset.kept;
    if (tapped && answer.status !== 204) person = false;
  } catch {
    person = false;
  }
};
if (form) {
  const sign = (event) => {
    if (!event.isTrusted || document.visibilityState !== "visible" || performance.now() - born < 1000) return;
    if (event.type === "pointermove" && ++moved < 5) return;
    // After the tap has done what it does: another score may just have been chosen.
    setTimeout(known, 50);
  };
  for (const kind of ["pointerup", "pointermove", "keyup", "wheel", "touchmove"]) addEventListener(kind, sign, { passive: true });
  // What was written and not sent is kept, once there is a score.
  addEventListener("pagehide", () => {
    const written = [...form.querySelectorAll("textarea")].some((one) => one.value !== one.defaultValue);
    if (person && !sent && written) quietly("quietly").catch(() => {});
  });
}

// A kiosk begins anew for the next person.
const again = document.body.dataset.again;
if (again && location.pathname !== again) {
  let idle = 0;
  for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, () => { idle = 0; });
  setInterval(() => { if (++idle >= 30) location.replace(again); }, 1000);
}
