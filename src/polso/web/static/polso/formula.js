// Completion in a formula: the words that begin like the one being written.
"use strict";

const field = document.getElementById("formula");
const list = document.getElementById("words");
const words = field.dataset.words.split(" ");
let chosen = -1;

const begun = () => field.value.slice(0, field.selectionStart).match(/[A-Za-z_][A-Za-z0-9_]*$/)?.[0] ?? "";

const hide = () => {
  list.hidden = true;
  chosen = -1;
  field.removeAttribute("aria-activedescendant");
};

const mark = (place) => {
  const items = [...list.children];
  chosen = (place + items.length) % items.length;
  items.forEach((item, i) => item.setAttribute("aria-selected", i === chosen));
  field.setAttribute("aria-activedescendant", items[chosen].id);
};

const take = (word) => {
  const at = field.selectionStart;
  const start = at - begun().length;
  field.setRangeText(word, start, at, "end");
  if (word.endsWith("()")) field.selectionStart = field.selectionEnd = start + word.length - 1;
  hide();
  field.focus();
  field.dispatchEvent(new Event("input", { bubbles: true }));
};

field.addEventListener("input", () => {
  const start = begun().toLowerCase();
  const fitting = start.length < 2 ? [] : words.filter((word) => word.startsWith(start) && word !== start).slice(0, 8);
  list.replaceChildren(
    ...fitting.map((word, i) => {
      const item = document.createElement("li");
      item.textContent = word;
      item.id = `word-${i}`;
      item.setAttribute("role", "option");
      item.addEventListener("mousedown", (event) => {
        event.preventDefault();
        take(word);
      });
      return item;
    }),
  );
  hide();
  list.hidden = fitting.length === 0;
});

field.addEventListener("keydown", (event) => {
  if (list.hidden) return;
  if (event.key === "ArrowDown") mark(chosen + 1);
  else if (event.key === "ArrowUp") mark(chosen - 1);
  else if (event.key === "Escape") hide();
  else if ((event.key === "Enter" || event.key === "Tab") && chosen >= 0) take(list.children[chosen].textContent);
  else return;
  event.preventDefault();
});

field.addEventListener("blur", hide);
