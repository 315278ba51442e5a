/* What the page can do beside being read: one view at a time, sorting, finding, keys.
 * It reads the document only; no data of a submission is ever in a script. */
"use strict";

const overview = document.getElementById("overview");
const table = document.getElementById("table");
const body = table.tBodies[0];
const rows = Array.from(body.rows);
const texts = new Map(rows.map(row => [row, row.textContent.toLowerCase()]));
const find = document.getElementById("find");
const verdict = document.getElementById("verdict");
const title = document.title;
let opened = null;  /* the student's page that is shown */
let place = 0;      /* where the overview was scrolled to */

/* The view that the address names: a student's page, or the overview at a section. */
function show() {
    const named = document.getElementById(location.hash.slice(1));
    const student = named && named.classList.contains("student") ? named : null;
    const before = opened;
    if (opened) opened.classList.remove("open");
    else if (student) place = lastScroll;
    opened = student;
    document.documentElement.classList.toggle("one-student", student !== null);
    if (student) {
        student.classList.add("open");
        student.focus({ preventScroll: true });
        window.scrollTo(0, 0);
        document.title = student.querySelector("h2").textContent + " – " + title;
    } else {
        document.title = title;
        if (before) back(before);
        else if (named) named.scrollIntoView();
    }
}

/* To the overview, where it was left, at the link of the student that was looked at. */
function back(student) {
    const link = body.querySelector('a[href="#' + student.id + '"]');
    window.scrollTo(0, place);
    if (link && location.hash === "#students") {
        link.focus({ preventScroll: true });
        link.scrollIntoView({ block: "nearest" });
    }
}

let lastScroll = 0;
window.addEventListener("scroll", () => { if (!opened) lastScroll = window.scrollY; });
window.addEventListener("hashchange", show);

/* Sorting: each heading of the table becomes a button. */
function key(row, column) {
    const cell = row.cells[column];
    return "key" in cell.dataset ? Number(cell.dataset.key) : cell.textContent.trim();
}

function compare(a, b) {
    return typeof a === "number" ? a - b : a.localeCompare(b, undefined, { numeric: true });
}

function sort(heading) {
    const column = heading.cellIndex;
    const down = heading.getAttribute("aria-sort") === "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    rows.sort((a, b) => (down ? -1 : 1) * compare(key(a, column), key(b, column)));
    body.append(...rows);
}

for (const heading of table.tHead.rows[0].cells) {
    const label = heading.querySelector("span");
    const button = document.createElement("button");
    button.type = "button";
    button.append(label.textContent);
    button.addEventListener("click", () => sort(heading));
    label.replaceWith(button);
}

/* Finding: only rows that have all the words, and the verdict. */
function filter() {
    const words = find.value.toLowerCase().split(/\s+/);
    let count = 0;
    for (const row of rows) {
        const fits = (!verdict.value || row.dataset.verdict === verdict.value)
            && words.every(word => texts.get(row).includes(word));
        row.hidden = !fits;
        count += fits;
    }
    document.getElementById("shown").textContent = count + " of " + rows.length + " shown";
}

find.addEventListener("input", filter);
verdict.addEventListener("change", filter);
document.getElementById("filter").addEventListener("submit", event => event.preventDefault());

/* Keys: up and down in the table, Escape to the overview. */
body.addEventListener("keydown", event => {
    const links = rows.filter(row => !row.hidden).map(row => row.querySelector("a"));
    const at = links.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: links.length - 1 }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    if (links[to]) links[to].focus();
});
document.addEventListener("keydown", event => {
    if (event.key === "Escape" && opened) location.hash = "students";
});

document.documentElement.classList.add("script");
document.getElementById("filter").hidden = false;
document.getElementById("keys").hidden = false;
filter();
show();
