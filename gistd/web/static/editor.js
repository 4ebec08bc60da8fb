// The editor's form does everything without this file. With it, Tab indents, files can be dropped and pasted, a text is
// searched and previewed where it stands, and nobody leaves unsaved work by accident.
"use strict";

const form = document.getElementById("editor");
const cards = document.getElementById("cards");
const told = document.getElementById("told");
const HIGHEST = 512 * 1024; // bytes of a dropped text that is shown to be edited

/** Tell in words what changed, also to those who do not see it. `{}` stands for the values, one after the other. */
function tell(words, ...values) {
  told.textContent = form.dataset[words].replace(/{}/g, () => values.shift());
}

// ---------------------------------------------------------------------- typing

/** Put text in the place of a range, so that it can be undone. */
function replace(area, from, to, text) {
  area.focus();
  area.setSelectionRange(from, to);
  const done = document.execCommand(text ? "insertText" : "delete", false, text);
  if (!done && from + text.length !== to) area.setRangeText(text, from, to, "end");
}

/** What one step of indentation is in this text. */
function step(area) {
  const spaces = area.value.match(/^( {2,8}|\t)(?=\S)/m);
  return spaces ? spaces[1] : "    ";
}

function indent(area, back) {
  const { value, selectionStart: from, selectionEnd: to } = area;
  const unit = step(area);
  if (!back && !value.slice(from, to).includes("\n")) return replace(area, from, to, unit);
  const start = value.lastIndexOf("\n", from - 1) + 1;
  const end = to > from && value[to - 1] === "\n" ? to - 1 : to;
  const lines = value.slice(start, end).split("\n");
  const moved = lines.map((line) => (back ? line.replace(new RegExp(`^(\t| {1,${unit.length}})`), "") : line && unit + line));
  if (moved.join("\n") === lines.join("\n")) return;
  replace(area, start, end, moved.join("\n"));
  const first = Math.max(start, from + moved[0].length - lines[0].length);
  area.setSelectionRange(from === to ? first : start, from === to ? first : start + moved.join("\n").length);
}

function breakLine(area) {
  const { value, selectionStart: from, selectionEnd: to } = area;
  const line = value.slice(value.lastIndexOf("\n", from - 1) + 1, from);
  const more = /[{[(:]\s*$/.test(line) ? step(area) : "";
  replace(area, from, to, "\n" + line.match(/^[ \t]*/)[0] + more);
}

let leaving = false; // Escape was pressed: the next Tab goes on to the next field

function onKey(event) {
  const area = event.target;
  if (area.tagName !== "TEXTAREA" || !area.closest(".card") || event.isComposing) return;
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
  if (event.key === "Tab" && plain && !leaving) {
    event.preventDefault();
    indent(area, event.shiftKey);
  } else if (event.key === "Enter" && plain && !event.shiftKey) {
    event.preventDefault();
    breakLine(area);
  } else if (event.key.toLowerCase() === "f" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) {
    event.preventDefault();
    openFinder(area.closest(".card"));
  }
  if (event.key === "Escape") tell("leave");
  if (event.key !== "Shift") leaving = event.key === "Escape";
}

// ---------------------------------------------------------------------- files

/** Another card, with its own key in the place of the 0 that stands in the template. */
function addCard() {
  const keys = [...form.querySelectorAll("[name=file]")].map((field) => Number(field.value));
  const key = String(Math.max(0, ...keys) + 1);
  const card = document.getElementById("new-card").content.firstElementChild.cloneNode(true);
  for (const part of [card, ...card.querySelectorAll("*")]) {
    for (const { name, value } of [...part.attributes]) {
      if (/^(value|data-key)$/.test(name) && value === "0") part.setAttribute(name, key); // of `file` and `preview`
      else part.setAttribute(name, value.replace(/-0(?= |$)/g, `-${key}`));
    }
  }
  cards.append(card);
  dress(card);
  return card;
}

const field = (card, name) => card.querySelector(`[name^="${name}-"]`);

function rename(card, name) {
  field(card, "name").value = name;
  card.querySelector("legend").textContent = name;
}

function freeName(name) {
  const taken = new Set([...cards.querySelectorAll('[name^="name-"]')].map((input) => input.value));
  const [, stem, ending] = name.match(/^(.*?)(\.[^./]*)?$/);
  let free = name;
  for (let number = 2; taken.has(free); number++) free = `${stem}-${number}${ending || ""}`;
  return free;
}

function move(card, by, button) {
  const other = by < 0 ? card.previousElementSibling : card.nextElementSibling;
  if (!other) return;
  if (by < 0) other.before(card);
  else other.after(card);
  button.focus();
  tell("moved", card.querySelector("legend").textContent, [...cards.children].indexOf(card) + 1, cards.children.length);
}

/** A file that was dropped or pasted: a text that a text area gives back as it is stands there to be edited, all else is sent as it came. */
async function addFile(file, name) {
  const card = [...cards.children].find((each) => isBlank(each)) || addCard();
  rename(card, freeName(name));
  const text = file.size <= HIGHEST ? decoded(await file.arrayBuffer()) : null;
  if (text === null) {
    const sent = new DataTransfer();
    sent.items.add(new File([file], file.name, { type: file.type }));
    const input = Object.assign(document.createElement("input"), { type: "file", name: `upload-${card.dataset.key}` });
    input.files = sent.files;
    input.setAttribute("aria-label", card.querySelector("legend").textContent);
    card.querySelector(".card-body").replaceChildren(input);
  } else {
    field(card, "text").value = text;
  }
  tell("added", field(card, "name").value);
  return card;
}

const isBlank = (card) => field(card, "text")?.value === "" && field(card, "name").value === "" && !field(card, "was");

function decoded(buffer) {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(buffer);
    return /[\0\r]/.test(text) ? null : text;
  } catch {
    return null;
  }
}

async function onDrop(event) {
  const files = [...event.dataTransfer.files];
  if (!files.length || event.target.type === "file") return;
  event.preventDefault();
  form.classList.remove("dropping");
  for (const file of files) await addFile(file, file.name);
}

async function onPaste(event) {
  const files = [...event.clipboardData.files];
  if (!files.length || event.clipboardData.types.includes("text/plain")) return;
  event.preventDefault();
  const area = event.target.closest(".card textarea");
  const into = area && /\.(md|markdown)$/i.test(field(area.closest(".card"), "name").value) ? area : null;
  for (const file of files) {
    const name = field(await addFile(file, file.name || "pasted"), "name").value;
    if (into) replace(into, into.selectionStart, into.selectionEnd, `![](${encodeURI(name)})`);
  }
}

// ---------------------------------------------------------------------- finding

function openFinder(card) {
  const area = field(card, "text");
  let finder = card.querySelector(".finder");
  if (!finder) {
    finder = document.getElementById("finder").content.firstElementChild.cloneNode(true);
    area.before(finder);
    finder.addEventListener("click", (event) => find(card, event.target.dataset.do));
    finder.addEventListener("keydown", (event) => {
      if (event.key === "Escape") find(card, "close");
      if (event.key !== "Enter" || event.target.tagName !== "INPUT") return;
      event.preventDefault();
      find(card, event.target.dataset.find === "by" ? "replace" : event.shiftKey ? "previous" : "next");
    });
  }
  finder.hidden = false;
  const what = finder.querySelector("[data-find=what]");
  const chosen = area.value.slice(area.selectionStart, area.selectionEnd);
  if (chosen && !chosen.includes("\n")) what.value = chosen;
  what.focus();
  what.select();
}

/** Where the words are, as they are written or, if they are all small letters, in any case. */
function places(text, words) {
  const pattern = words.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return words ? [...text.matchAll(new RegExp(pattern, words === words.toLowerCase() ? "giu" : "gu"))] : [];
}

function find(card, what) {
  const area = field(card, "text");
  const finder = card.querySelector(".finder");
  const words = finder.querySelector("[data-find=what]").value;
  const by = finder.querySelector("[data-find=by]").value;
  const found = places(area.value, words);
  const at = found.findIndex((match) => match.index === area.selectionStart && match.index + match[0].length === area.selectionEnd);
  if (what === "close") {
    finder.hidden = true;
    area.focus();
  } else if (!found.length) {
    if (what) say(finder, "none");
  } else if (what === "all") {
    const text = area.value;
    let made = "";
    let after = 0;
    for (const match of found) {
      made += text.slice(after, match.index) + by;
      after = match.index + match[0].length;
    }
    replace(area, 0, text.length, made + text.slice(after));
    say(finder, "replaced", found.length);
  } else if (what === "replace" && at >= 0) {
    replace(area, area.selectionStart, area.selectionEnd, by);
    find(card, "next");
  } else if (what) {
    const caret = area.selectionEnd;
    let next = what === "previous" ? found.findLastIndex((match) => match.index < area.selectionStart) : found.findIndex((match) => match.index >= caret);
    if (next < 0) next = what === "previous" ? found.length - 1 : 0;
    show(area, found[next].index, found[next][0].length);
    say(finder, "match", next + 1, found.length);
  }
}

function say(finder, words, ...values) {
  finder.querySelector("output").textContent = form.dataset[words].replace(/{}/g, () => values.shift());
}

function show(area, from, length) {
  area.setSelectionRange(from, from + length);
  const line = area.value.slice(0, from).split("\n").length - 1;
  area.scrollTop = line * parseFloat(getComputedStyle(area).lineHeight) - area.clientHeight / 2;
}

// ---------------------------------------------------------------------- preview

async function preview(button) {
  const card = button.closest(".card");
  const area = field(card, "text");
  const shown = card.querySelector(".previewed");
  if (shown) {
    shown.remove();
    area.hidden = false;
    button.setAttribute("aria-pressed", "false");
    return;
  }
  const asked = new FormData();
  for (const name of ["file", `name-${card.dataset.key}`, `text-${card.dataset.key}`]) {
    asked.append(name, card.querySelector(`[name="${name}"]`).value);
  }
  asked.append("preview", card.dataset.key);
  asked.append("gist", form.elements.gist?.value ?? "");
  try {
    const answer = await fetch("/-/preview", { method: "POST", body: asked });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("preview");
    if (!page) throw new Error(answer.statusText);
    page.className = "previewed";
    page.removeAttribute("id");
    area.after(page);
    area.hidden = true;
    button.setAttribute("aria-pressed", "true");
    tell("shown");
  } catch {
    tell("failed");
  }
}

// ---------------------------------------------------------------------- putting it together

/** What a card has only with scripts. */
function dress(card) {
  const area = field(card, "text");
  if (!area) return;
  const button = document.getElementById("find-button").content.firstElementChild.cloneNode(true);
  card.querySelector(".tools").append(button);
  card.querySelector("[name=preview]").setAttribute("aria-pressed", "false");
  area.setAttribute("aria-describedby", "keys");
}

function onClick(event) {
  const button = event.target.closest("button");
  if (button?.value === "add") {
    event.preventDefault();
    const card = addCard();
    field(card, "name").focus();
  } else if (button?.name === "do") {
    event.preventDefault();
    move(button.closest(".card"), button.value.startsWith("up-") ? -1 : 1, button);
  } else if (button?.name === "preview") {
    event.preventDefault();
    preview(button);
  } else if (button?.dataset.do === "find") {
    openFinder(button.closest(".card"));
  }
}

/** What would be sent, as one string. */
function state() {
  return JSON.stringify([...new FormData(form)].map(([name, value]) => [name, value.name ?? value]));
}

let saved = state();
if ("unsaved" in form.dataset) saved = "";
form.addEventListener("submit", (event) => {
  if (event.submitter?.name !== "preview") saved = null;
});
window.addEventListener("beforeunload", (event) => {
  if (saved !== null && state() !== saved) event.preventDefault();
});

for (const card of cards.children) dress(card);
form.querySelector("[aria-invalid=true], .clash input")?.focus();
form.addEventListener("keydown", onKey);
form.addEventListener("click", onClick);
form.addEventListener("input", (event) => {
  if (event.target.name?.startsWith("name-")) {
    const legend = event.target.closest(".card").querySelector("legend");
    legend.textContent = event.target.value || form.dataset.unnamed;
  }
});
document.addEventListener("dragover", (event) => {
  if (!event.dataTransfer.types.includes("Files")) return;
  event.preventDefault();
  form.classList.add("dropping");
});
document.addEventListener("dragleave", () => form.classList.remove("dropping"));
document.addEventListener("drop", onDrop);
form.addEventListener("paste", onPaste);
