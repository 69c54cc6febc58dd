// What the pages of facts do by themselves; everything works without it.
"use strict";

// A file may be dropped anywhere on the page, and one sees how far it is sent.
const sender = document.querySelector("form[data-send]");
if (sender) {
  const field = sender.querySelector("input[type=file]");
  const place = sender.querySelector(".drop-here");
  const sending = sender.querySelector(".sending");
  const told = sending.querySelector("p");
  const bar = sending.querySelector("progress");
  const problem = sender.querySelector("[data-lost]");

  const over = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  document.addEventListener("dragover", (event) => {
    if (!over(event)) return;
    event.preventDefault();
    place.classList.add("over");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) place.classList.remove("over");
  });
  document.addEventListener("drop", (event) => {
    if (!over(event)) return;
    event.preventDefault();
    place.classList.remove("over");
    field.files = event.dataTransfer.files;
    sender.requestSubmit();
  });

  sender.addEventListener("submit", (event) => {
    event.preventDefault();
    const request = new XMLHttpRequest();
    const buttons = sender.querySelectorAll("button");
    const lost = () => {
      sending.hidden = true;
      buttons.forEach((button) => (button.disabled = false));
      problem.textContent = problem.dataset.lost;
    };
    problem.textContent = "";
    sending.hidden = false;
    told.textContent = told.dataset.sending;
    buttons.forEach((button) => (button.disabled = true));
    request.upload.addEventListener("progress", (moved) => {
      if (moved.lengthComputable) bar.value = (100 * moved.loaded) / moved.total;
    });
    request.upload.addEventListener("load", () => {
      told.textContent = told.dataset.looking;
      bar.removeAttribute("value");
    });
    request.addEventListener("load", () => {
      const next = request.getResponseHeader("Location");
      if (request.status === 201 && next) window.location.assign(next);
      else lost();
    });
    request.addEventListener("error", lost);
    request.open("POST", sender.action);
    request.setRequestHeader("X-Sent-By", "script");
    request.send(new FormData(sender));
  });
  // Coming back to the page finds it as it was.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) window.location.reload();
  });
}

// What changes which columns there are asks for the whole page.
for (const part of document.querySelectorAll("[data-whole]")) {
  part.addEventListener("change", (event) => {
    event.stopPropagation();
    event.target.form.requestSubmit();
  });
}

// What cannot be undone by a click is asked twice.
for (const form of document.querySelectorAll("form[data-ask]")) {
  form.addEventListener("submit", (event) => {
    if (!window.confirm(form.dataset.ask)) event.preventDefault();
  });
}
