// What a gist's page does better with a script: copy, wrap, ranges of lines.
"use strict";

const say = (words) => { document.getElementById("said").textContent = words; };

async function copy(button) {
  const { copy: field, copyUrl: url, done } = button.dataset;
  const words = field ? document.querySelector(field).value : await (await fetch(url)).text();
  await navigator.clipboard.writeText(words);
  const label = button.textContent;
  button.textContent = done;
  say(done);
  setTimeout(() => { button.textContent = label; }, 2000);
}

for (const button of document.querySelectorAll("[data-copy], [data-copy-url]")) {
  if (navigator.clipboard) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  }
}

for (const button of document.querySelectorAll("[data-wrap]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const wrapped = button.closest(".file").classList.toggle("wrapped");
    button.setAttribute("aria-pressed", String(wrapped));
  });
}

// An address may end in `#file-1-L3-L9`: the lines from 3 to 9 of the first file.
const RANGE = /^#(file-[0-9]+)-L([0-9]+)-L([0-9]+)$/;
const LINE = /^#(file-[0-9]+)-L([0-9]+)/;

function rows([, file, first, last]) {
  const found = [];
  for (let number = Math.min(first, last); number <= Math.max(first, last); number++) {
    const row = document.getElementById(`${file}-L${number}`);
    if (!row) break;
    found.push(row);
  }
  return found;
}

function show() {
  for (const row of document.querySelectorAll(".chosen")) row.classList.remove("chosen");
  const range = RANGE.exec(location.hash);
  const chosen = range ? rows(range) : [];
  for (const row of chosen) row.classList.add("chosen");
  const target = chosen[0] || (LINE.test(location.hash) && document.getElementById(location.hash.slice(1)));
  if (target) {
    const folded = target.closest("details");
    if (folded) folded.open = true;
    target.scrollIntoView({ block: "center" });
  }
}

document.addEventListener("click", (event) => {
  const link = event.target.closest(".code th a");
  const from = LINE.exec(location.hash), to = link && LINE.exec(link.hash);
  if (event.shiftKey && from && to && from[1] === to[1]) {
    event.preventDefault();
    location.hash = `${from[1]}-L${from[2]}-L${to[2]}`;
  }
});
addEventListener("hashchange", show);
show();
