// Moving tiles: by dragging their handle, or with the arrow keys.
"use strict";

const list = document.querySelector(".tile-list");
const told = document.getElementById("told");
let dragged = null;

const tell = (item) => {
  told.textContent = `${list.dataset.moved} ${[...list.children].indexOf(item) + 1}`;
};

list.addEventListener("pointerdown", (event) => {
  const item = event.target.closest(".handle")?.closest("li");
  if (item) item.draggable = true;
});
list.addEventListener("dragstart", (event) => {
  dragged = event.target.closest("li");
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", "");
  dragged.classList.add("dragged");
});
list.addEventListener("dragover", (event) => {
  const over = event.target.closest("li");
  if (!dragged || !over || over === dragged) return;
  event.preventDefault();
  const box = over.getBoundingClientRect();
  over[event.clientY < box.y + box.height / 2 ? "before" : "after"](dragged);
});
list.addEventListener("drop", (event) => event.preventDefault());
list.addEventListener("dragend", () => {
  dragged.classList.remove("dragged");
  dragged.draggable = false;
  tell(dragged);
  dragged = null;
});

list.addEventListener("keydown", (event) => {
  const handle = event.target.closest(".handle");
  const item = handle?.closest("li");
  if (!item) return;
  if ((event.key === "ArrowUp" || event.key === "ArrowLeft") && item.previousElementSibling) item.previousElementSibling.before(item);
  else if ((event.key === "ArrowDown" || event.key === "ArrowRight") && item.nextElementSibling) item.nextElementSibling.after(item);
  else return;
  event.preventDefault();
  handle.focus();
  tell(item);
});

list.addEventListener("click", (event) => {
  const item = event.target.closest(".remove")?.closest("li");
  if (!item) return;
  (item.nextElementSibling ?? item.previousElementSibling)?.querySelector(".handle").focus();
  item.remove();
});
